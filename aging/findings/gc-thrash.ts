// Collections that take the time of the requests.

import { BUCKET_MS } from '../buckets.js';
import { isOverCeiling } from '../detectors/ceiling.js';
import { median } from '../detectors/robust.js';
import type { AgingPolicy } from '../policy.js';
import type { Evidence } from '../verdict.js';
import { digits } from '../verdict.js';
import type { WatchedSeries } from '../watched-series.js';

export function gcThrashFinding(one: WatchedSeries, sinceMs: number, nowMs: number, policy: AgingPolicy): Evidence | null {
  const { series } = one;
  const shares = one.recent(nowMs, Math.min(nowMs - sinceMs, policy.confirmations * BUCKET_MS));
  if (!isOverCeiling(shares, policy.gcShare)) return null;
  const share = median(shares);
  const text = `${digits(share * 100)} % of the time goes into garbage collections (${series.name}); ${digits(policy.gcShare * 100)} % is the ceiling`;
  return { detector: 'gcThrash', series: series.name, text, votes: 2, values: { share, ceiling: policy.gcShare } };
}
