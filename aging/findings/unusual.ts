// Latencies and shares of failures far above what is usual at this hour, while load is not.

import { hasCrept } from '../detectors/creep.js';
import { isAbove } from '../detectors/daily-baseline.js';
import { median } from '../detectors/robust.js';
import type { AgingPolicy } from '../policy.js';
import { DAY_MS } from '../policy.js';
import type { Evidence } from '../verdict.js';
import { inTime, inUnit } from '../verdict.js';
import type { WatchedMachine } from '../watched-machine.js';
import { isBusy, usualOf } from '../watched-machine.js';
import type { WatchedSeries } from '../watched-series.js';

type Detector = 'latency' | 'errors';

/**
 * For how long it has crept, and how many times as far above what is usual it must be for that. Chosen: over one day, response times that wander by
 * themselves creep now and then, but not to three times what is usual; a backend that is slow by and by is mostly so for less than ten hours.
 */
const CREEPS = [
  { forMs: 2 * DAY_MS, times: 1 },
  { forMs: (2 / 3) * DAY_MS, times: 2 },
];
/** As many as a trend is tested with, of so many buckets each. */
const CREEP_POINTS = 96;

export function unusualFinding(
  one: WatchedSeries,
  detector: Detector,
  watched: WatchedMachine,
  nowMs: number,
  policy: AgingPolicy,
): Evidence | null {
  const { series } = one;
  const usual = usualOf(one, nowMs, policy);
  const values = one.recent(nowMs, policy.baseline.sustainedMs);
  const value = median(values);
  const rise = detector === 'errors' ? policy.baseline.errorRise : 0;
  if (usual === null || values.length === 0 || !isAbove(value, usual, policy.baseline, rise)) return null;
  // A busy hour slows any server; a restart would not help.
  if (isBusy(watched, nowMs, policy)) return null;
  const { factor, deviations } = policy.baseline;
  const crept = CREEPS.find(
    ({ forMs, times }) =>
      !wasThereAtBoot(one, detector, watched.sinceMs, policy) &&
      nowMs - forMs >= watched.sinceMs &&
      isAbove(value, usual, { deviations, factor: times * factor }, times * rise) &&
      hasCrept(besideUsual(one, detector, nowMs, forMs), policy.trend.significance),
  );
  const text =
    `${series.name} is at ${inUnit(value, series)}, though ${inUnit(usual.median, series)} is usual at this hour ` +
    `and load is not above what is usual` +
    (crept === undefined ? '' : `; it has crept up over ${inTime(crept.forMs)}`);
  const figures = { value, usual: usual.median, spread: usual.spread };
  return { detector, series: series.name, text, votes: crept === undefined ? 1 : 2, values: figures };
}

/** What a machine has brought along from before its last boot, another one will not mend. */
function wasThereAtBoot(one: WatchedSeries, detector: Detector, sinceMs: number, { baseline }: AgingPolicy): boolean {
  const { sustainedMs, errorRise } = baseline;
  const usual = one.usual(sinceMs);
  const values = one.recent(sinceMs + sustainedMs, sustainedMs);
  return usual !== null && isAbove(median(values), usual, baseline, detector === 'errors' ? errorRise : 0);
}

/** How many times the usual latency, and how much above the usual share of failures: of that, most is 0. */
function besideUsual(one: WatchedSeries, detector: Detector, nowMs: number, spanMs: number): number[] {
  const all = one.besideUsual(nowMs, spanMs).map(({ value, usual }) => (detector === 'errors' ? value - usual : value / usual));
  const size = Math.ceil(all.length / CREEP_POINTS);
  return Array.from({ length: Math.floor(all.length / size) }, (_, i) => median(all.slice(i * size, (i + 1) * size)));
}
