// Latencies and shares of failures far above what is usual at this hour, while load is not.

import { isAbove } from '../detectors/daily-baseline.js';
import { median } from '../detectors/robust.js';
import type { AgingPolicy } from '../policy.js';
import type { Evidence } from '../verdict.js';
import { inUnit } from '../verdict.js';
import type { WatchedMachine } from '../watched-machine.js';
import { isBusy, usualOf } from '../watched-machine.js';
import type { WatchedSeries } from '../watched-series.js';

export function unusualFinding(
  one: WatchedSeries,
  detector: 'latency' | 'errors',
  watched: WatchedMachine,
  nowMs: number,
  policy: AgingPolicy,
): Evidence | null {
  const usual = usualOf(one, nowMs, policy);
  const values = one.recent(nowMs, policy.baseline.sustainedMs);
  const value = median(values);
  const rise = detector === 'errors' ? policy.baseline.errorRise : 0;
  if (usual === null || values.length === 0 || !isAbove(value, usual, policy.baseline, rise)) return null;
  // A busy hour slows any server; a restart would not help.
  if (isBusy(watched, nowMs, policy)) return null;
  const text =
    `${one.series.name} is at ${inUnit(value, one.series)}, though ${inUnit(usual.median, one.series)} is usual at this hour ` +
    `and load is not above what is usual`;
  return { detector, series: one.series.name, text, votes: 1, values: { value, usual: usual.median, spread: usual.spread } };
}
