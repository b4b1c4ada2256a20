// Which trends matter: those that end soon, in proportion to how long they have been seen, and inside a horizon.

import { BUCKET_MS } from '../buckets.js';
import type { Interval } from '../detectors/exhaustion.js';
import type { LoadHistory } from '../load-history.js';
import type { AgingPolicy } from '../policy.js';
import { KINDS } from '../series.js';
import type { Trend } from '../trend.js';
import { trendOf } from '../trend.js';
import type { Evidence } from '../verdict.js';
import { inTime, inUnit } from '../verdict.js';
import type { WatchedSeries } from '../watched-series.js';
import { valleysOf, windowOf } from '../window.js';

/** Chosen: fewer points would have to rise without exception. */
const LEAST_POINTS = 12;
/** Chosen: a heap that has been collected less often has shown too little of what it keeps. */
const LEAST_VALLEYS = 8;
/** Trends that are this many times too far away by a glance need no test. Chosen: accelerating ones are nearer than they look. */
const GLANCE_FACTOR = 2.5;
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
  const levels = floor.map(({ min }) => min);
  if (glance && isFarAway(levels, limit, policy)) return null;
  const loads = load.all;
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
    if (trend === null || time === null || !matters(trend, watched, nowMs, policy)) continue;
    if (first === null || time.estimate < first.time.estimate) first = { trend, time };
  }
  return first === null ? null : evidenceOf(first.trend, first.time, watched, nowMs);
}

function matters(trend: Trend, watched: WatchedSeries, nowMs: number, { trend: rule }: AgingPolicy): boolean {
  const { timeToExhaustionMs: time, knowsRhythm, isApart, spanMs } = trend;
  if (trend.pRising >= rule.significance || trend.isOneStep || !trend.isOngoing) return false;
  if (time === null || time.estimate > rule.horizonMs) return false;
  if (knowsRhythm && isApart) return time.estimate <= spanMs * rule.nearShare;
  const [nearShare, level] = knowsRhythm ? [rule.nearShareUnclear, rule.levelUnclear] : [rule.nearShareBlind, rule.levelBlind];
  return time.estimate <= spanMs * nearShare && levelOf(watched, nowMs) >= level * (watched.series.limit ?? 0);
}

/** By the means of the first and the last third. */
function isFarAway(levels: readonly number[], limit: number, { trend }: AgingPolicy): boolean {
  const third = Math.floor(levels.length / 3);
  const mean = (part: readonly number[]): number => part.reduce((sum, level) => sum + level, 0) / part.length;
  const rise = 1.5 * (mean(levels.slice(-third)) - mean(levels.slice(0, third)));
  const room = limit - Math.max(...levels.slice(-third));
  return room > 0 && rise * trend.nearShare * GLANCE_FACTOR < room;
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
