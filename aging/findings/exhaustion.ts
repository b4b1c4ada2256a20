// Which trends matter: those that end soon, in proportion to how long they have been seen, and inside a horizon.

import type { Bucket } from '../buckets.js';
import { BUCKET_MS } from '../buckets.js';
import type { Interval } from '../detectors/exhaustion.js';
import type { Load, LoadHistory } from '../load-history.js';
import type { AgingPolicy } from '../policy.js';
import { KINDS } from '../series.js';
import type { Trend } from '../trend.js';
import { trendOf } from '../trend.js';
import type { Evidence } from '../verdict.js';
import { inTime, inUnit } from '../verdict.js';
import type { WatchedSeries } from '../watched-series.js';
import { valleysOf, windowOf } from '../window.js';
import { blindRiseMatters } from './blind-rise.js';

/** Chosen: fewer points would have to rise without exception. */
const LEAST_POINTS = 12;
/** Chosen: a heap that has been collected less often has shown too little of what it keeps. */
const LEAST_VALLEYS = 8;
/** Trends that are this many times too far away by a glance need no test. Chosen: accelerating ones are nearer than they look. */
const GLANCE_FACTOR = 2.5;
/** Of so many buckets; chosen. */
const GLANCED = 200;
/** A window must be shorter than all there is by so much to tell something else. Chosen. */
const SHORTER_SHARE = 0.7;

/** The trend over [startMs, nowMs) if there are samples enough. `glance` skips the tests of what is far from exhaustion. */
export function trendSince(
  { series, buckets }: WatchedSeries,
  load: LoadHistory,
  startMs: number,
  nowMs: number,
  policy: AgingPolicy,
  glance: boolean,
): Trend | null {
  const { limit } = series;
  if (limit === null) return null;
  const all = buckets.between(startMs, nowMs - BUCKET_MS + 1);
  const floor = KINDS[series.kind].floor === 'valleys' ? valleysOf(all, LEAST_VALLEYS) : all;
  if (floor.length < LEAST_POINTS) return null;
  const loads = load.all;
  if (glance && isFarAway(floor, loads, limit, policy)) return null;
  const { points, widthMs } = windowOf(floor, loads, startMs, nowMs);
  if (points.length < LEAST_POINTS) return null;
  return trendOf(points, { widthMs, limit, loads, furthestMs: 2 * policy.trend.horizonMs });
}

/** The trend that ends first among those that matter; `sinceMs` is when warm-up was over. */
export function exhaustionFinding(
  watched: WatchedSeries,
  load: LoadHistory,
  sinceMs: number,
  nowMs: number,
  policy: AgingPolicy,
): Evidence | null {
  const { minSpanMs, longestMs, recentMs } = policy.trend;
  const wholeMs = Math.min(nowMs - sinceMs, longestMs);
  if (wholeMs < minSpanMs) return null;
  let first: { trend: Trend; time: Interval } | null = null;
  for (const spanMs of [wholeMs, ...recentMs.filter((recent) => recent < wholeMs * SHORTER_SHARE)]) {
    const trend = trendSince(watched, load, nowMs - spanMs, nowMs, policy, true);
    const time = trend?.timeToExhaustionMs ?? null;
    if (trend === null || time === null || !matters(trend, watched, sinceMs, nowMs, policy)) continue;
    if (first === null || time.estimate < first.time.estimate) first = { trend, time };
  }
  return first === null ? null : evidenceOf(first.trend, first.time, watched, nowMs);
}

function matters(trend: Trend, watched: WatchedSeries, sinceMs: number, nowMs: number, policy: AgingPolicy): boolean {
  const { trend: rule } = policy;
  const { timeToExhaustionMs: time, knowsRhythm, isApart, spanMs } = trend;
  if (trend.pRising >= rule.significance || trend.isOneStep || !trend.isOngoing) return false;
  if (time === null || time.estimate > rule.horizonMs) return false;
  if (knowsRhythm && isApart) return time.estimate <= spanMs * rule.nearShare;
  if (levelOf(watched, nowMs) < (knowsRhythm ? rule.levelUnclear : rule.levelBlind) * (watched.series.limit ?? 0)) return false;
  return knowsRhythm
    ? time.estimate <= spanMs * rule.nearShareUnclear
    : blindRiseMatters(trend, time.estimate, watched, sinceMs, nowMs, policy);
}

/** By the means of the first and the last third. Where load has fallen meanwhile, it may have hidden as much as the level has ever varied. */
function isFarAway(floor: readonly Bucket[], loads: ReadonlyMap<number, Load>, limit: number, { trend }: AgingPolicy): boolean {
  const every = Math.ceil(floor.length / GLANCED);
  const glanced = floor.filter((_, i) => (floor.length - 1 - i) % every === 0);
  const levels = glanced.map(({ min }) => min);
  const rates = glanced.map(({ startMs }) => loads.get(startMs)?.rate ?? null).filter((rate) => rate !== null);
  const fallen = Math.max(0, -riseOfThirds(rates)) / (rangeOf(rates) || 1);
  const rise = 1.5 * (riseOfThirds(levels) + fallen * rangeOf(levels));
  const room = limit - Math.max(...levels.slice(-Math.floor(levels.length / 3)));
  return room > 0 && rise * trend.nearShare * GLANCE_FACTOR < room;
}

function riseOfThirds(values: readonly number[]): number {
  const third = Math.floor(values.length / 3);
  if (third === 0) return 0;
  const mean = (part: readonly number[]): number => part.reduce((sum, value) => sum + value, 0) / part.length;
  return mean(values.slice(-third)) - mean(values.slice(0, third));
}

function rangeOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : Math.max(...values) - Math.min(...values);
}

function levelOf(watched: WatchedSeries, nowMs: number): number {
  return Math.max(...watched.recent(nowMs, 3 * BUCKET_MS));
}

function evidenceOf(trend: Trend, time: Interval, watched: WatchedSeries, nowMs: number): Evidence {
  const { series } = watched;
  const level = levelOf(watched, nowMs);
  const limit = series.limit ?? 0;
  const growth = trend.clock === 'time' ? 'with time' : 'with the requests served';
  const latest = time.high === null ? 'never' : inTime(time.high);
  return {
    detector: 'trend',
    series: series.name,
    text:
      `${series.name} rises ${growth}, by ${inUnit(trend.perHour, series)} an hour over the last ${inTime(trend.spanMs)}; ` +
      `it is at ${inUnit(level, series)} of ${inUnit(limit, series)} and exhausted in ${inTime(time.estimate)} (${inTime(time.low)} to ${latest})`,
    votes: 2,
    values: { level, limit, perHour: trend.perHour, p: trend.pRising, spanMs: trend.spanMs },
    timeToExhaustionMs: time,
  };
}
