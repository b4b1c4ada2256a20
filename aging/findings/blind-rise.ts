// Rises where neither load nor days are known: a morning looks like a leak.

import { BUCKET_MS } from '../buckets.js';
import type { AgingPolicy } from '../policy.js';
import type { Trend } from '../trend.js';
import type { WatchedSeries } from '../watched-series.js';

/** Of the limit: how far above all it has been since the boot. Chosen: the noise of a level. */
const NEW_RISE = 0.05;

/**
 * Whether a rise that ends in `leftMs` matters by what can be said of it alone. Load that grows slows down before its noon, and has been there
 * on the day before; a leak has not. So a rise that goes on evenly matters as soon as one that load may have brought about; any
 * other one only when it is nearly over.
 */
export function blindRiseMatters(
  { spanMs, isEven, slowedBy }: Trend,
  leftMs: number,
  { buckets, series }: WatchedSeries,
  sinceMs: number,
  nowMs: number,
  { trend: rule }: AgingPolicy,
): boolean {
  const lowest = (fromMs: number, toMs: number): number[] => buckets.between(fromMs, toMs).map(({ min }) => min);
  const limit = series.limit ?? 0;
  const lately = lowest(nowMs - 3 * BUCKET_MS, nowMs - BUCKET_MS + 1);
  // Where it is now is what all is compared with.
  if (lately.length === 0) return false;
  const now = Math.min(...lately);
  // The window of all since the boot has nothing before it.
  const before = lowest(sinceMs, nowMs - spanMs - 2 * BUCKET_MS);
  if (before.length > 0 && now < Math.max(...before) + NEW_RISE * limit) return false;
  if (leftMs <= spanMs * rule.nearShareBlind) return true;
  return isEven && leftMs * slowedBy <= spanMs * rule.nearShareUnclear;
}
