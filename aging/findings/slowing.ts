// Response times that go up until nobody waits for them any more, where somebody has said when that is.

import { median } from '../detectors/robust.js';
import type { AgingPolicy } from '../policy.js';
import type { Evidence } from '../verdict.js';
import type { WatchedMachine } from '../watched-machine.js';
import { BUSY_FACTOR } from '../watched-machine.js';
import type { WatchedSeries } from '../watched-series.js';
import { exhaustionFinding } from './exhaustion.js';

/**
 * As the trend of a resource, but only from the same share of the limit on as one whose cause is unclear, and while load is no more than when
 * it began: response times grow with load faster than any line, and that is not aging. Where nobody counts requests it finds nothing.
 */
export function slowingFinding(one: WatchedSeries, watched: WatchedMachine, nowMs: number, policy: AgingPolicy): Evidence | null {
  const { load, rate, sinceMs } = watched;
  const finding = exhaustionFinding(one, load, sinceMs, nowMs, policy);
  if (finding === null) return null;
  const { sustainedMs } = policy.baseline;
  if (median(one.recent(nowMs, sustainedMs)) < policy.trend.levelUnclear * (one.series.limit ?? Infinity)) return null;
  const begunMs = nowMs - (finding.values['spanMs'] ?? 0);
  const before = rate.recent(begunMs + sustainedMs, sustainedMs);
  const now = rate.recent(nowMs, sustainedMs);
  if (before.length === 0 || now.length === 0) return null;
  return median(now) <= BUSY_FACTOR * median(before) ? finding : null;
}
