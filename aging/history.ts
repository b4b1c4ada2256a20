// How far back detection remembers: what to keep of samples, so that a process that starts anew judges as the one before it.

import type { AgingPolicy } from './policy.js';
import { DAY_MS, DEFAULT_POLICY } from './policy.js';

/** The longest that anything looks back, and a day: what is usual at an hour is needed of the hours before now, too, and warm-up is discarded. */
export function historyMs({ trend, baseline, warmUpMs }: AgingPolicy): number {
  return Math.max(trend.longestMs, baseline.longestMs) + warmUpMs + DAY_MS;
}

/**
 * For how long samples are kept one by one; of those before, a watch needs no more than `thinned` leaves. A day, as people look at the last one by
 * the minute, or as long as a restored watch judges again.
 */
export function singleMs({ cooldownMs, confirmations, judgeEveryMs }: AgingPolicy): number {
  return Math.max(DAY_MS, cooldownMs + confirmations * judgeEveryMs);
}

/** By the default policy: fifteen days and half an hour. */
export const HISTORY_MS = historyMs(DEFAULT_POLICY);
