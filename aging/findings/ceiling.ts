// Ceilings of resources.

import { BUCKET_MS } from '../buckets.js';
import { isOverCeiling } from '../detectors/ceiling.js';
import type { AgingPolicy } from '../policy.js';
import { KINDS } from '../series.js';
import type { Evidence } from '../verdict.js';
import { inUnit } from '../verdict.js';
import type { WatchedSeries } from '../watched-series.js';
import { valleysOf } from '../window.js';

/** Chosen: a heap that has come down three times has shown what it keeps. */
const LEAST_VALLEYS = 3;

export function ceilingFinding(
  { series, buckets }: WatchedSeries,
  sinceMs: number,
  nowMs: number,
  policy: AgingPolicy,
): Evidence | null {
  if (series.limit === null) return null;
  const level = policy.ceilingShare * series.limit;
  const valleys = KINDS[series.kind].floor === 'valleys';
  const since = valleys ? sinceMs : Math.max(sinceMs, nowMs - policy.confirmations * BUCKET_MS);
  const last = buckets.between(since, nowMs - BUCKET_MS + 1);
  const floor = (valleys ? valleysOf(last, LEAST_VALLEYS).slice(-LEAST_VALLEYS) : last).map(({ min }) => min);
  if (!isOverCeiling(floor, level)) return null;
  const text = `${series.name} does not fall below ${inUnit(Math.min(...floor), series)}: the ceiling is ${inUnit(level, series)}`;
  return { detector: 'ceiling', series: series.name, text, votes: 2, values: { level: Math.min(...floor), ceiling: level } };
}
