// How much work a machine has had, of its counter of requests: what grows with load is no leak, and some leaks grow with work alone.

import { BUCKET_MS } from './buckets.js';
import type { Sample } from './series.js';

/** The load of one bucket, in requests a second. */
export interface Load {
  rate: number;
  /** Load that is remembered, as memory of sessions follows it late. */
  slow: number;
  /** Requests since the history began, boots or not. */
  work: number;
}

/** Chosen: twice Tomcat's default of 30 minutes until a session ends. */
const SLOW_MS = 3_600_000;
const REMEMBERED = Math.exp(-BUCKET_MS / SLOW_MS);

export class LoadHistory {
  /** By start of bucket, the oldest first. */
  private readonly loads = new Map<number, Load>();
  private open: { startMs: number; served: number; forMs: number; before: Load | null } | null = null;
  private last: Sample | null = null;

  constructor(private readonly longestMs: number) {}

  /**
   * A sample of the counter: the rate since the one before, in requests a second, and for how long; null at the first, 'fallen' after a boot.
   * The rate of a bucket is that of all its time, so that the last sample of each bucket tells as much as all of them.
   */
  add(sample: Sample): { rate: number; forMs: number } | 'fallen' | null {
    const before = this.last;
    if (before !== null && sample.atMs <= before.atMs) return null;
    this.last = sample;
    if (before === null) return null;
    if (sample.value < before.value) return 'fallen';
    const [served, forMs] = [sample.value - before.value, sample.atMs - before.atMs];
    this.put(Math.floor(sample.atMs / BUCKET_MS) * BUCKET_MS, served, forMs);
    return { rate: (served * 1000) / forMs, forMs };
  }

  /** By start of bucket; grows on. */
  get all(): ReadonlyMap<number, Load> {
    return this.loads;
  }

  /** What the counter has shown last. */
  get served(): number | null {
    return this.last?.value ?? null;
  }

  private put(startMs: number, served: number, forMs: number): void {
    if (this.open?.startMs !== startMs) {
      const before = this.open === null ? null : (this.loads.get(this.open.startMs) ?? null);
      this.open = { startMs, served: 0, forMs: 0, before };
      for (const oldest of this.loads.keys()) {
        if (oldest >= startMs - this.longestMs) break;
        this.loads.delete(oldest);
      }
    }
    this.open.served += served;
    this.open.forMs += forMs;
    const { before } = this.open;
    const rate = (this.open.served * 1000) / this.open.forMs;
    const slow = before === null ? rate : rate + (before.slow - rate) * REMEMBERED;
    this.loads.set(startMs, { rate, slow, work: (before?.work ?? 0) + (rate * BUCKET_MS) / 1000 });
  }
}
