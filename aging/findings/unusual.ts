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

/** Chosen: over one day, response times that wander by themselves creep now and then. */
const CREEP_MS = 2 * DAY_MS;
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
  const crept =
    nowMs - CREEP_MS >= watched.sinceMs && hasCrept(besideUsual(one, detector, nowMs, CREEP_MS), policy.trend.significance);
  const text =
    `${series.name} is at ${inUnit(value, series)}, though ${inUnit(usual.median, series)} is usual at this hour ` +
    `and load is not above what is usual` +
    (crept ? `; it has crept up over ${inTime(CREEP_MS)}` : '');
  const figures = { value, usual: usual.median, spread: usual.spread };
  return { detector, series: series.name, text, votes: crept ? 2 : 1, values: figures };
}

/** How many times the usual latency, and how much above the usual share of failures: of that, most is 0. */
function besideUsual(one: WatchedSeries, detector: Detector, nowMs: number, spanMs: number): number[] {
  const all = one.besideUsual(nowMs, spanMs).map(({ value, usual }) => (detector === 'errors' ? value - usual : value / usual));
  const size = Math.ceil(all.length / CREEP_POINTS);
  return Array.from({ length: Math.floor(all.length / size) }, (_, i) => median(all.slice(i * size, (i + 1) * size)));
}
