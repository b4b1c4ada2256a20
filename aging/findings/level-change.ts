// A level that has risen for good against the days before, though load has not.

import { hasRisen } from '../detectors/cusum.js';
import { median } from '../detectors/robust.js';
import type { AgingPolicy } from '../policy.js';
import type { Evidence } from '../verdict.js';
import { inUnit } from '../verdict.js';
import type { WatchedMachine } from '../watched-machine.js';
import { isBusy, usualOf } from '../watched-machine.js';
import type { WatchedSeries } from '../watched-series.js';

export function levelChangeFinding(
  one: WatchedSeries,
  watched: WatchedMachine,
  nowMs: number,
  policy: AgingPolicy,
): Evidence | null {
  const { series } = one;
  const usual = usualOf(one, nowMs, policy);
  const level = median(one.recent(nowMs, policy.baseline.sustainedMs));
  if (usual === null || !hasRisen(one.change) || isBusy(watched, nowMs, policy)) return null;
  const rise = level - usual.median;
  if (!(rise > policy.levelRise * (series.limit ?? usual.median))) return null;
  const text =
    `${series.name} has been above what is usual at its hour for ${one.change.length} h: ` +
    `${inUnit(level, series)} instead of ${inUnit(usual.median, series)}`;
  return {
    detector: 'levelChange',
    series: series.name,
    text,
    votes: 1,
    values: { level, usual: usual.median, cusum: one.change.sum },
  };
}
