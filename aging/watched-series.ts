// One series as detection remembers it: buckets since the boot, and the hours of the last days.

import { Buckets, BUCKET_MS, meanOf } from './buckets.js';
import type { Cusum } from './detectors/cusum.js';
import { cusum, LIMIT_DEVIATIONS, NO_CHANGE } from './detectors/cusum.js';
import type { Baseline, HourOfSeries } from './detectors/daily-baseline.js';
import { dailyBaseline } from './detectors/daily-baseline.js';
import { TIMES_KEPT } from './detectors/dead-sampler.js';
import { median } from './detectors/robust.js';
import type { AgingPolicy } from './policy.js';
import { DAY_MS } from './policy.js';
import type { Sample, Series } from './series.js';

const HOUR_MS = 3_600_000;
/** Chosen: a rise that is over is forgotten within half a day. */
const MOST_DEVIATIONS = 2 * LIMIT_DEVIATIONS;

export class WatchedSeries {
  readonly buckets: Buckets;
  /** Of its last samples since the boot. */
  readonly timesMs: number[] = [];
  lastMs = -Infinity;
  /** Of hours against those of the days before. */
  change: Cusum = NO_CHANGE;
  private hours: HourOfSeries[] = [];
  private openHourMs: number | null = null;
  /** By hour; a judgement asks for a few of them. */
  private readonly learned = new Map<number, Baseline | null>();

  constructor(
    public series: Series,
    private readonly policy: AgingPolicy,
  ) {
    this.buckets = new Buckets(Math.max(policy.trend.longestMs, policy.baseline.longestMs));
  }

  add(sample: Sample): void {
    const hourMs = hourOf(sample.atMs);
    if (this.openHourMs !== null && hourMs > this.openHourMs) this.close(this.openHourMs);
    this.openHourMs = Math.max(hourMs, this.openHourMs ?? hourMs);
    this.lastMs = Math.max(this.lastMs, sample.atMs);
    this.timesMs.push(sample.atMs);
    if (this.timesMs.length > TIMES_KEPT) this.timesMs.shift();
    this.buckets.add(sample);
  }

  /** Levels of before say nothing of those after; what is usual at an hour does. */
  boot(): void {
    this.change = NO_CHANGE;
    this.timesMs.length = 0;
  }

  /** Means of the buckets that ended within the last `forMs`. */
  recent(nowMs: number, forMs: number): number[] {
    return this.buckets.between(nowMs - forMs, nowMs - BUCKET_MS + 1).map(meanOf);
  }

  /** What is usual at the hour of `atMs`; null before that is known. */
  usual(atMs: number): Baseline | null {
    const hourMs = hourOf(atMs);
    const known = this.learned.get(hourMs);
    if (known !== undefined) return known;
    const { minDays, longestMs } = this.policy.baseline;
    const before = this.hours.filter(({ startMs }) => startMs < hourMs && startMs >= hourMs - longestMs);
    const baseline = dailyBaseline(before, hourMs, minDays);
    this.learned.set(hourMs, baseline);
    return baseline;
  }

  /** Each bucket of the last `forMs`, with what was usual at its hour before those began; without those of which that is not known. */
  besideUsual(nowMs: number, forMs: number): { value: number; usual: number }[] {
    const fromMs = nowMs - forMs;
    const before = this.hours.filter(({ startMs }) => startMs + HOUR_MS <= fromMs);
    const byHour = new Map<number, Baseline | null>();
    return this.buckets.between(fromMs, nowMs - BUCKET_MS + 1).flatMap((bucket) => {
      const hour = hourOf(bucket.startMs) % DAY_MS;
      let usual = byHour.get(hour);
      if (usual === undefined) byHour.set(hour, (usual = dailyBaseline(before, hour, this.policy.baseline.minDays)));
      return usual === null ? [] : [{ value: meanOf(bucket), usual: usual.median }];
    });
  }

  private close(hourMs: number): void {
    const means = this.buckets.between(hourMs, hourMs + HOUR_MS).map(meanOf);
    if (means.length === 0) return;
    const value = median(means);
    const baseline = this.usual(hourMs);
    if (baseline !== null) {
      // Where nothing ever varies, any rise is one of many deviations.
      this.change = cusum(this.change, (value - baseline.median) / Math.max(baseline.spread, 1e-9), MOST_DEVIATIONS);
    }
    this.hours.push({ startMs: hourMs, value });
    this.hours = this.hours.filter(({ startMs }) => startMs >= hourMs - this.policy.baseline.longestMs);
    this.learned.clear();
  }
}

function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS) * HOUR_MS;
}
