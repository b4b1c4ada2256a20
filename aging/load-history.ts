// How much work a machine has had, of its counter of requests: what grows with load is no leak, and some leaks grow with work alone.

import { BUCKET_MS, Buckets, meanOf } from './buckets.js';
import type { Sample } from './series.js';

/** The load of one bucket, in requests a second. */
export interface Load {
  rate: number;
  /** Load that is remembered, as memory of sessions follows it late. */
  slow: number;
  /** Requests since the history began. */
  work: number;
}

/** Chosen: twice Tomcat's default of 30 minutes until a session ends. */
const SLOW_MS = 3_600_000;

export class LoadHistory {
  private readonly rates: Buckets;
  private last: Sample | null = null;

  constructor(longestMs: number) {
    this.rates = new Buckets(longestMs);
  }

  /** A sample of the counter: the rate since the one before, in requests a second; null at the first, 'fallen' after a boot. */
  add(sample: Sample): number | 'fallen' | null {
    const before = this.last;
    if (before !== null && sample.atMs <= before.atMs) return null;
    this.last = sample;
    if (before === null) return null;
    if (sample.value < before.value) return 'fallen';
    const rate = ((sample.value - before.value) * 1000) / (sample.atMs - before.atMs);
    this.rates.add({ atMs: sample.atMs, value: rate });
    return rate;
  }

  /** By start of bucket. */
  between(fromMs: number, toMs: number): Map<number, Load> {
    const found = new Map<number, Load>();
    const remembered = 1 - Math.exp(-BUCKET_MS / SLOW_MS);
    let slow: number | null = null;
    let work = 0;
    for (const bucket of this.rates.between(fromMs - 2 * SLOW_MS, toMs)) {
      const rate = meanOf(bucket);
      slow = slow === null ? rate : slow + (rate - slow) * remembered;
      work += (rate * BUCKET_MS) / 1000;
      if (bucket.startMs >= fromMs) found.set(bucket.startMs, { rate, slow, work });
    }
    return found;
  }

  /** What the counter has shown last. */
  get served(): number | null {
    return this.last?.value ?? null;
  }
}
