// Sen's slope: how fast a series rises, unmoved by outliers, with an interval.

import { medianOfSorted } from './robust.js';
import { Z_95 } from './normal.js';

export interface Point {
  atMs: number;
  value: number;
}

export interface SenSlope {
  /** Per millisecond, or per unit of whatever clock stands in `atMs`. NaN where no two points are apart. */
  slope: number;
  /** 95 %. */
  low: number;
  high: number;
}

/**
 * Theil 1950 and Sen, J. American Statistical Association 63, 1968: the median of the slopes of all pairs, over real times. The interval is that
 * of Gilbert 1987, 17.3.2: the ranks (N' -+ C) / 2 of the slopes, with C = 1.96 sqrt(Var S). `varS` may be one corrected for
 * autocorrelation; without it, ranks are taken for independent.
 */
export function sensSlope(points: readonly Point[], varS?: number): SenSlope {
  const slopes = slopesOf(points);
  const pairs = slopes.length;
  if (pairs === 0) return { slope: NaN, low: NaN, high: NaN };
  const n = points.length;
  const c = Z_95 * Math.sqrt(varS ?? (n * (n - 1) * (2 * n + 5)) / 18);
  return { slope: medianOfSorted(slopes), low: at(slopes, (pairs - c) / 2), high: at(slopes, (pairs + c) / 2 + 1) };
}

function slopesOf(points: readonly Point[]): Float64Array {
  const slopes = new Float64Array((points.length * (points.length - 1)) / 2);
  let count = 0;
  for (const [i, earlier] of points.entries()) {
    for (let j = i + 1; j < points.length; j++) {
      const later = points[j] ?? earlier;
      if (later.atMs !== earlier.atMs) slopes[count++] = (later.value - earlier.value) / (later.atMs - earlier.atMs);
    }
  }
  return slopes.subarray(0, count).sort();
}

/** By rank from 1, between two ranks in proportion; the outermost where the interval is wider than there are slopes. */
function at(sorted: Float64Array, rank: number): number {
  const index = Math.min(sorted.length - 1, Math.max(0, rank - 1));
  const below = sorted[Math.floor(index)] ?? NaN;
  const above = sorted[Math.ceil(index)] ?? NaN;
  return below + (above - below) * (index - Math.floor(index));
}
