// Samplers that have died.

import { silentIntervals } from '../detectors/dead-sampler.js';
import type { AgingPolicy } from '../policy.js';
import type { Evidence } from '../verdict.js';
import { inTime } from '../verdict.js';
import type { WatchedSeries } from '../watched-series.js';

/** Of the whole machine, boots included: a sampler that has died tells nothing of either. */
export function deadSamplerFindings(
  all: readonly WatchedSeries[],
  nowMs: number,
  { deadAfterIntervals }: AgingPolicy,
): Evidence[] {
  return all.flatMap(({ series, timesMs }): Evidence[] => {
    const intervals = silentIntervals(timesMs, nowMs);
    if (intervals < deadAfterIntervals) return [];
    const silentMs = nowMs - (timesMs.at(-1) ?? nowMs);
    const text = `${series.name} has had no sample for ${inTime(silentMs)}, more than ${deadAfterIntervals} times as long as usual`;
    return [{ detector: 'deadSampler', series: series.name, text, votes: 0, values: { silentMs } }];
  });
}
