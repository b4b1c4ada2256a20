// One machine as its detectors see it at one moment, and what is usual there at this hour.

import type { Baseline } from './detectors/daily-baseline.js';
import { median } from './detectors/robust.js';
import type { LoadHistory } from './load-history.js';
import type { AgingPolicy } from './policy.js';
import type { WatchedSeries } from './watched-series.js';

export interface WatchedMachine {
  all: readonly WatchedSeries[];
  /** The rate of requests, in requests a second, as a series of its own. */
  rate: WatchedSeries;
  load: LoadHistory;
  bootedAtMs: number | null;
  /** When warm-up was over, or the first sample came. */
  sinceMs: number;
}

/** Chosen: more than load wavers by itself. Where it grows by more than that a week, latencies have to be learned anew all the time. */
export const BUSY_FACTOR = 1.2;

/** By the middle of the time that is compared: just after the hour it is mostly of the hour before. */
export function usualOf(one: WatchedSeries, nowMs: number, { baseline }: AgingPolicy): Baseline | null {
  return one.usual(nowMs - baseline.sustainedMs / 2);
}

/** Clearly more load than is usual at this hour. */
export function isBusy({ rate }: WatchedMachine, nowMs: number, policy: AgingPolicy): boolean {
  const usual = usualOf(rate, nowMs, policy);
  const now = median(rate.recent(nowMs, policy.baseline.sustainedMs));
  return usual !== null && now > BUSY_FACTOR * usual.median;
}
