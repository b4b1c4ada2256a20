// How detection decides. The defaults are meant to need no tuning; each says where it comes from.

import { z } from 'zod';
import { DETECTORS } from './verdict.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
export const WEEK_MS = 7 * DAY_MS;

const SHARE = 'a share from 0 to 1, such as 0.9';
const share = z.number(SHARE).min(0, SHARE).max(1, SHARE);
const TIME = 'milliseconds, a whole number from 1';
const time = z.number(TIME).int(TIME).min(1, TIME);
const FACTOR = 'a number above 0, such as 1.5';
const factor = z.number(FACTOR).positive(FACTOR);
const count = z.number().int().min(1);
/** All but that of dead samplers, which has none. */
const VOTERS = DETECTORS.filter((detector) => detector !== 'deadSampler').length;
const VOTES = `a whole number from 1 to ${VOTERS}, as many as there are detectors that vote`;

const trend = z.strictObject({
  /** Chosen: of the 2,000 tests of a week, two are that far out by chance, where samples were independent. */
  significance: share.default(0.001),
  /** Chosen: shorter than any load cycle that matters would be no trend yet. */
  minSpanMs: time.default(HOUR_MS),
  /** How far back it looks at most. Chosen: two weeks have each day of the week twice. */
  longestMs: time.default(14 * DAY_MS),
  /** Besides all there is since boot. Chosen: leaks that begin late, over a working day or over two days. */
  recentMs: z.array(time).default([8 * HOUR_MS, 2 * DAY_MS]),
  /** A trend matters when it is exhausted within this. Chosen: the longest lead that an operator can use. */
  horizonMs: time.default(WEEK_MS),
  /** ... and within this share of the time that it has been seen rising: a steady leak is then at two thirds of its life. Chosen. */
  nearShare: share.default(0.5),
  /** The same where load has risen together with the level, and from this share of the limit on. Chosen. */
  nearShareUnclear: share.default(0.4),
  levelUnclear: share.default(0.65),
  /** The same where neither load nor days are known: a morning looks like a leak. Of what rises evenly, nearShareUnclear. Chosen. */
  nearShareBlind: share.default(0.2),
  levelBlind: share.default(0.8),
});

const baseline = z.strictObject({
  /** Chosen: the median of three values ignores one bad day. */
  minDays: count.default(3),
  longestMs: time.default(14 * DAY_MS),
  /** Three-sigma rule, doubled because latencies are not normal (chosen). */
  deviations: factor.default(6),
  /** Chosen: what is significant but smaller bothers nobody. */
  factor: factor.default(1.5),
  /** For shares of failed requests, whose median is mostly 0. Chosen. */
  errorRise: share.default(0.02),
  /** Chosen: longer than a deployment, a backup's peak or a burst. */
  sustainedMs: time.default(30 * MINUTE_MS),
});

export const policySchema = z.strictObject({
  /** Samples so soon after a boot are discarded: caches fill, classes load. Chosen. */
  warmUpMs: time.default(30 * MINUTE_MS),
  /** Chosen: one bucket, so that each judgement has new samples. */
  judgeEveryMs: time.default(5 * MINUTE_MS),
  /** So many judgements in a row find the same before it counts, and find nothing before an alarm ends. Chosen. */
  confirmations: count.default(3),
  /** Between two alarms of one machine. Chosen: a restart that did not help must not be repeated all night. */
  cooldownMs: time.default(6 * HOUR_MS),
  /** A finding that proves aging by itself has two votes, one that needs company has one. */
  votesNeeded: z.number(VOTES).int(VOTES).min(1, VOTES).max(VOTERS, VOTES).default(2),
  /** Of the limit. Chosen: the ceiling that most alerting rules use. */
  ceilingShare: share.default(0.9),
  /** Chosen, far below the 98 % at which HotSpot gives up (GCTimeLimit): users suffer long before. */
  gcShare: share.default(0.25),
  /** As of WebSphere's health policy AGE; off by default. */
  maxAgeMs: time.nullable().default(null),
  /** As of WebSphere's health policy WORKLOAD; off by default. */
  maxRequests: count.nullable().default(null),
  /** Chosen: one or two may come late. */
  deadAfterIntervals: count.default(5),
  /** Of the limit: how far a level must have risen for a change of it to count. Chosen. */
  levelRise: share.default(0.1),
  trend: trend.prefault({}),
  baseline: baseline.prefault({}),
});

export type AgingPolicy = z.infer<typeof policySchema>;

export const DEFAULT_POLICY: AgingPolicy = policySchema.parse({});
