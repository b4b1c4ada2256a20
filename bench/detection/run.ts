// Runs detection and its rivals over a simulated machine.

import { BUCKET_MS } from '../../aging/buckets.js';
import { DEFAULT_POLICY } from '../../aging/policy.js';
import type { Series } from '../../aging/series.js';
import { seriesOf } from '../../aging/series.js';
import { AgingWatch } from '../../aging/watch.js';
import type { Machine } from './machine.js';
import { DAY_MINUTES, dayLoad, LIMIT, MINUTE_MS, NOON_PER_MINUTE } from './machine.js';
import type { Rival } from './rivals.js';

const BUCKET_MINUTES = BUCKET_MS / MINUTE_MS;

/** The minutes in which an alarm begins, and what the last evidence was; `atHalf` of a machine that is exhausted at `exhaustedAt`. */
export interface Run {
  alarms: { minute: number; why: string }[];
  /** Those in which something lasting was told, alarm or not. */
  told: number[];
  /** In minutes after `halfAt`; null when no trend was seen or none that ends. */
  predictedAtHalf: number | null;
}

export function runDetection(
  machine: Machine,
  minutes: number,
  halfAt: number | null,
  stopsAtAlarm: boolean,
  policy = DEFAULT_POLICY,
  tooSlowMs: number | null = null,
): Run {
  const { kind, startMs, levels, served, latencyMs, errorRate, boots } = machine;
  const watch = new AgingWatch(policy);
  const resource = seriesOf(kind, kind, LIMIT);
  const [latency, errors, requests] = [
    seriesOf('latencyP95', 'latencyP95', tooSlowMs),
    seriesOf('errorRate', 'errorRate'),
    seriesOf('requests', 'requests'),
  ];
  const bootAt = new Set(boots);
  const run: Run = { alarms: [], told: [], predictedAtHalf: null };
  if (served !== null) countBefore(watch, requests, machine);
  watch.boot(startMs);
  for (let minute = 0; minute < minutes; minute++) {
    const atMs = startMs + minute * MINUTE_MS;
    if (bootAt.has(minute)) watch.boot(atMs);
    if (served !== null) watch.observe(requests, { atMs, value: served[minute] ?? 0 });
    watch.observe(resource, { atMs, value: levels[minute] ?? 0 });
    watch.observe(latency, { atMs, value: latencyMs[minute] ?? 0 });
    watch.observe(errors, { atMs, value: errorRate[minute] ?? 0 });
    const now = minute + 1;
    if (halfAt !== null && now === Math.ceil(halfAt / BUCKET_MINUTES) * BUCKET_MINUTES) {
      const time = watch.trendOf(kind, startMs + now * MINUTE_MS)?.timeToExhaustionMs ?? null;
      run.predictedAtHalf = time === null ? null : time.estimate / MINUTE_MS + (now - halfAt);
    }
    if (now % (policy.judgeEveryMs / MINUTE_MS) !== 0) continue;
    const verdict = watch.judge(startMs + now * MINUTE_MS);
    if (verdict.evidence.length > 0) run.told.push(now);
    if (verdict.raised) run.alarms.push({ minute: now, why: verdict.explanation });
    if (stopsAtAlarm && run.alarms.length > 0 && (halfAt === null || now > halfAt)) break;
  }
  return run;
}

/** The proxy outlives its machines: it has counted the requests of the week before. */
function countBefore(watch: AgingWatch, requests: Series, { startMs, startMinute }: Machine): void {
  let served = 0;
  for (let minute = -7 * DAY_MINUTES; minute < 0; minute++) {
    served += dayLoad(startMinute + minute + 7 * DAY_MINUTES) * NOON_PER_MINUTE;
    watch.observe(requests, { atMs: startMs + minute * MINUTE_MS, value: Math.round(served) });
  }
}

export function resourceOf({ levels, boots }: Machine): Seen {
  return { values: levels, limit: LIMIT, boots };
}

/** What a rival looks at, with the limit that it is told. */
export interface Seen {
  values: Float64Array;
  limit: number;
  boots: readonly number[];
}

/** The minutes in which a rival's alarm begins; after each it keeps quiet for as long as ours does. */
export function runRival({ start }: Rival, { values, limit, boots }: Seen, minutes: number): number[] {
  const alarms: number[] = [];
  const bootAt = new Set(boots.map((minute) => Math.ceil(minute / BUCKET_MINUTES) * BUCKET_MINUTES));
  let alarming = start();
  let was = false;
  for (let minute = 0; minute + BUCKET_MINUTES <= minutes; minute += BUCKET_MINUTES) {
    if (bootAt.has(minute)) alarming = start();
    const sampled = values.subarray(minute, minute + BUCKET_MINUTES).filter((value) => !Number.isNaN(value));
    if (sampled.length === 0) continue;
    const is = alarming((LIMIT * sampled.reduce((sum, value) => sum + value, 0)) / (sampled.length * limit));
    const at = minute + BUCKET_MINUTES;
    const isQuiet = (at - (alarms.at(-1) ?? -Infinity)) * MINUTE_MS < DEFAULT_POLICY.cooldownMs;
    if (is && !was && !isQuiet) alarms.push(at);
    was = is;
  }
  return alarms;
}
