// Samples gathered into buckets of five minutes, so that weeks of them are judged in milliseconds.

import type { Sample } from './series.js';

/** Chosen: a few samples a minute apart, and a hundredth of a working day. */
export const BUCKET_MS = 5 * 60_000;

export interface Bucket {
  startMs: number;
  min: number;
  max: number;
  sum: number;
  count: number;
}

export class Buckets {
  private kept: Bucket[] = [];

  constructor(private readonly longestMs: number) {}

  /** Samples come in order of time; one that comes late counts for the bucket that is open. */
  add({ atMs, value, gathered }: Sample): void {
    const { min, max, count } = gathered ?? { min: value, max: value, count: 1 };
    const startMs = Math.floor(atMs / BUCKET_MS) * BUCKET_MS;
    const last = this.kept.at(-1);
    if (last === undefined || startMs > last.startMs) {
      this.kept.push({ startMs, min, max, sum: value * count, count });
      this.forget(startMs);
      return;
    }
    last.min = Math.min(last.min, min);
    last.max = Math.max(last.max, max);
    last.sum += value * count;
    last.count += count;
  }

  /** Those that begin within [fromMs, toMs). */
  between(fromMs: number, toMs: number): Bucket[] {
    return this.kept.slice(this.indexOf(fromMs), this.indexOf(toMs));
  }

  private indexOf(startMs: number): number {
    let low = 0;
    let high = this.kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.kept[middle]?.startMs ?? Infinity) < startMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Rarely, as it moves everything. */
  private forget(nowMs: number): void {
    const oldest = this.kept[0]?.startMs ?? nowMs;
    if (nowMs - oldest > 2 * this.longestMs) this.kept = this.between(nowMs - this.longestMs, Infinity);
  }
}

export function meanOf({ sum, count }: Bucket): number {
  return sum / count;
}
