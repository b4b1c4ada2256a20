// What each detector finds at one moment, before anybody has asked whether it lasts.

import { BUCKET_MS } from './buckets.js';
import { hasServedEnough, isTooOld } from './detectors/age.js';
import { isOverCeiling } from './detectors/ceiling.js';
import { hasRisen } from './detectors/cusum.js';
import type { Baseline } from './detectors/daily-baseline.js';
import { isAbove } from './detectors/daily-baseline.js';
import { silentIntervals } from './detectors/dead-sampler.js';
import { median } from './detectors/robust.js';
import type { Served } from './detectors/storm-drain.js';
import { isStormDrain } from './detectors/storm-drain.js';
import { exhaustionFinding } from './exhaustion-finding.js';
import type { LoadHistory } from './load-history.js';
import type { AgingPolicy } from './policy.js';
import { KINDS } from './series.js';
import type { Evidence } from './verdict.js';
import { digits, inTime, inUnit } from './verdict.js';
import type { WatchedSeries } from './watched-series.js';
import { valleysOf } from './window.js';

export interface Watched {
  all: readonly WatchedSeries[];
  /** The rate of requests, in requests a second, as a series of its own. */
  rate: WatchedSeries;
  load: LoadHistory;
  bootedAtMs: number | null;
  /** When warm-up was over, or the first sample came. */
  sinceMs: number;
}

/** What is compared with the hours before it. Chosen: long enough for a median, short enough to be the same time of day. */
const JUST_BEFORE_MS = 2 * 3_600_000;
/** Chosen: two buckets of failures are no accident. */
const STORM_MS = 2 * BUCKET_MS;
const LEAST_VALLEYS = 3;
/** Chosen: more than load wavers by itself. Where it grows by more than that a week, latencies have to be learned anew all the time. */
const BUSY_FACTOR = 1.2;

export function findings(watched: Watched, nowMs: number, policy: AgingPolicy): Evidence[] {
  const { all, load, sinceMs } = watched;
  const found = all.flatMap((one): (Evidence | null)[] => {
    switch (KINDS[one.series.kind].role) {
      case 'resource':
        return [
          exhaustionFinding(one, load, sinceMs, nowMs, policy),
          ceiling(one, sinceMs, nowMs, policy),
          change(one, watched, nowMs, policy),
        ];
      case 'latency':
        return [unusual(one, 'latency', watched, nowMs, policy)];
      case 'errors':
        return [unusual(one, 'errors', watched, nowMs, policy)];
      case 'gc':
        return [thrash(one, sinceMs, nowMs, policy)];
      case 'work':
        return [];
    }
  });
  return [...found, stormDrain(watched, nowMs), tooOld(watched, nowMs, policy), worked(watched, policy)].filter(
    (evidence) => evidence !== null,
  );
}

/** Of the whole machine, boots included: a sampler that has died tells nothing of either. */
export function deadSamplers(all: readonly WatchedSeries[], nowMs: number, { deadAfterIntervals }: AgingPolicy): Evidence[] {
  return all.flatMap(({ series, timesMs }): Evidence[] => {
    const intervals = silentIntervals(timesMs, nowMs);
    if (intervals < deadAfterIntervals) return [];
    const silentMs = nowMs - (timesMs.at(-1) ?? nowMs);
    const text = `${series.name} has had no sample for ${inTime(silentMs)}, ${digits(intervals)} times as long as usual`;
    return [{ detector: 'deadSampler', series: series.name, text, votes: 0, values: { silentMs } }];
  });
}

function ceiling({ series, buckets }: WatchedSeries, sinceMs: number, nowMs: number, policy: AgingPolicy): Evidence | null {
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

function change(one: WatchedSeries, watched: Watched, nowMs: number, policy: AgingPolicy): Evidence | null {
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

function unusual(
  one: WatchedSeries,
  detector: 'latency' | 'errors',
  watched: Watched,
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

/** By the middle of the time that is compared: just after the hour it is mostly of the hour before. */
function usualOf(one: WatchedSeries, nowMs: number, { baseline }: AgingPolicy): Baseline | null {
  return one.usual(nowMs - baseline.sustainedMs / 2);
}

/** Clearly more load than is usual at this hour. */
function isBusy({ rate }: Watched, nowMs: number, policy: AgingPolicy): boolean {
  const usual = usualOf(rate, nowMs, policy);
  const now = median(rate.recent(nowMs, policy.baseline.sustainedMs));
  return usual !== null && now > BUSY_FACTOR * usual.median;
}

function thrash(one: WatchedSeries, sinceMs: number, nowMs: number, policy: AgingPolicy): Evidence | null {
  const { series } = one;
  const shares = one.recent(nowMs, Math.min(nowMs - sinceMs, policy.confirmations * BUCKET_MS));
  if (!isOverCeiling(shares, policy.gcShare)) return null;
  const share = median(shares);
  const text = `${digits(share * 100)} % of the time goes into garbage collections (${series.name}); ${digits(policy.gcShare * 100)} % is the ceiling`;
  return { detector: 'gcThrash', series: series.name, text, votes: 2, values: { share, ceiling: policy.gcShare } };
}

function stormDrain({ all, rate }: Watched, nowMs: number): Evidence | null {
  const errors = all.find(({ series }) => KINDS[series.kind].role === 'errors');
  const latency = all.find(({ series }) => KINDS[series.kind].role === 'latency');
  if (errors === undefined || latency === undefined) return null;
  const served = (fromMs: number, toMs: number): Served[] => {
    const span = toMs - fromMs;
    const [one, two, three] = [errors, latency, rate].map((series) => series.recent(toMs, span));
    const length = Math.min(one?.length ?? 0, two?.length ?? 0, three?.length ?? 0);
    return Array.from({ length }, (_, i) => ({ errorRate: one?.[i] ?? 0, latencyMs: two?.[i] ?? 0, rate: three?.[i] ?? 0 }));
  };
  const now = served(nowMs - STORM_MS, nowMs);
  if (!isStormDrain(served(nowMs - JUST_BEFORE_MS, nowMs - 4 * STORM_MS), now)) return null;
  const errorRate = median(now.map((one) => one.errorRate));
  const latencyMs = median(now.map((one) => one.latencyMs));
  const text = `${digits(errorRate * 100)} % of requests fail, and answers have become quicker (${digits(latencyMs)} ms) with no less load: it fails fast`;
  return { detector: 'stormDrain', series: errors.series.name, text, votes: 2, values: { errorRate, latencyMs } };
}

function tooOld({ bootedAtMs }: Watched, nowMs: number, { maxAgeMs }: AgingPolicy): Evidence | null {
  if (bootedAtMs === null || !isTooOld(bootedAtMs, nowMs, maxAgeMs)) return null;
  const ageMs = nowMs - bootedAtMs;
  const text = `it has run for ${inTime(ageMs)}; the policy allows ${inTime(maxAgeMs ?? 0)}`;
  return { detector: 'age', series: null, text, votes: 2, values: { ageMs } };
}

function worked({ load }: Watched, { maxRequests }: AgingPolicy): Evidence | null {
  const served = load.served;
  if (served === null || !hasServedEnough(served, maxRequests)) return null;
  return {
    ...{ detector: 'work', series: null, votes: 2, values: { served } },
    text: `it has served ${served} requests since its boot; the policy allows ${maxRequests ?? 0}`,
  };
}
