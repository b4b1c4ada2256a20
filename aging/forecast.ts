// What is to come: the trend goes on, and load and hours are as they were a day ago.

import { BUCKET_MS } from './buckets.js';
import type { Interval, Moment, Slopes } from './detectors/exhaustion.js';
import { exhaustionAmong } from './detectors/exhaustion.js';
import { median, quantileOf } from './detectors/robust.js';
import type { Load } from './load-history.js';
import { DAY_MS } from './policy.js';
import type { Rhythm } from './rhythm.js';

/** How a level rises from the end of the window on, per tick of the rhythm's clock; `bend` per tick squared. */
export interface Curve extends Slopes {
  bend: number;
}

export interface Outlook {
  /** Of the window, from its first point to its last. */
  spanMs: number;
  widthMs: number;
  limit: number;
  /** At least those of the last day. */
  loads: ReadonlyMap<number, Load>;
  /** How far it looks. */
  furthestMs: number;
}

/** The share of points that tell where the level is now. Chosen: steps and slow noise show, one burst does not. */
const NOW_SHARE = 0.1;
/** How far above the trend the peaks count that reach the limit first. Chosen: all but the wildest. */
const PEAK_QUANTILE = 0.95;
/** Chosen: exact enough for a leak of hours, and a few hundred steps for one of weeks. */
const STEPS = 600;

/** The seasonal naive method with drift: Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", 5.2. */
export function forecast(rhythm: Rhythm, curve: Curve, outlook: Outlook): Interval | null {
  const { points, ticks, bare } = rhythm;
  const line = (tick: number, slope: number): number => slope * (tick - 1) + curve.bend * (tick - 1) ** 2;
  const rest = bare.map((level, i) => level - line(ticks[i] ?? 0, curve.slope));
  const level = median(rest.slice(-Math.max(3, Math.round(rest.length * NOW_SHARE))));
  const middle = median(rest);
  const peaks = points.map(({ peak, low }, i) => peak - low + (rest[i] ?? 0) - middle);
  const above = Math.max(0, quantileOf(peaks, PEAK_QUANTILE));
  return exhaustionAmong(
    momentsOf(rhythm, outlook),
    outlook.limit,
    curve,
    ({ tick, adds }, slope) => level + above + line(tick, slope) + adds,
  );
}

function momentsOf({ points, clock, perLoad, byHour }: Rhythm, { spanMs, widthMs, loads, furthestMs }: Outlook): Moment[] {
  const last = points.at(-1);
  const nowMs = (last?.atMs ?? 0) + widthMs / 2;
  const workSpan = (last?.load?.work ?? 0) - (points[0]?.load?.work ?? 0);
  // Nearby by minutes, far away by hours.
  const stepMs = Math.min(DAY_MS / 24, Math.max(BUCKET_MS, Math.min(furthestMs, spanMs * 4) / STEPS));
  const moments: Moment[] = [];
  let tick = 1;
  for (let aheadMs = 0; aheadMs <= furthestMs; aheadMs += stepMs) {
    const daysAgo = Math.floor(aheadMs / DAY_MS) + 1;
    const load = loads.get(Math.floor((nowMs + aheadMs - daysAgo * DAY_MS) / BUCKET_MS) * BUCKET_MS) ?? last?.load ?? null;
    if (aheadMs > 0) tick += clock === 'time' ? stepMs / spanMs : ((load?.rate ?? 0) * stepMs) / 1000 / workSpan;
    const ofLoad = perLoad === null || load === null ? 0 : perLoad.rate * load.rate + perLoad.slow * load.slow;
    const phases = byHour?.length ?? 1;
    const phase = (phases - (Math.round(aheadMs / widthMs) % phases)) % phases;
    moments.push({ aheadMs, tick, adds: ofLoad + (byHour?.[phase] ?? 0) });
  }
  return moments;
}
