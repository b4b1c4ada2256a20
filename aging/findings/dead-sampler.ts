// Samplers that have died.

import { silentIntervals } from '../detectors/dead-sampler.js';
import type { AgingPolicy } from '../policy.js';
import type { Series } from '../series.js';
import { KINDS } from '../series.js';
import type { Evidence } from '../verdict.js';
import { inTime } from '../verdict.js';
import type { WatchedSeries } from '../watched-series.js';

/** Of the whole machine, boots included: a sampler that has died tells nothing of either. */
export function deadSamplerFindings(
  all: readonly WatchedSeries[],
  nowMs: number,
  { deadAfterIntervals }: AgingPolicy,
): Evidence[] {
  const isSilent = ({ timesMs }: WatchedSeries): boolean => silentIntervals(timesMs, nowMs) >= deadAfterIntervals;
  const counter = all.find(({ series }) => series.name === 'requests');
  const hasCounted = counter !== undefined && !isSilent(counter);
  return all.flatMap((one): Evidence[] => {
    const { series, timesMs } = one;
    if (!isSilent(one) || (hasCounted && isOfRequests(series))) return [];
    const silentMs = nowMs - (timesMs.at(-1) ?? nowMs);
    const text = `${series.name} has had no sample for ${inTime(silentMs)}, more than ${deadAfterIntervals} times as long as usual`;
    return [{ detector: 'deadSampler', series: series.name, text, votes: 0, values: { silentMs } }];
  });
}

/** Told by who counts the requests, which too few of them keep from it: a quiet night. Those of any other source have a name besides their kind. */
function isOfRequests({ name, kind }: Series): boolean {
  const { role } = KINDS[kind];
  return name === kind && (role === 'latency' || role === 'errors');
}
