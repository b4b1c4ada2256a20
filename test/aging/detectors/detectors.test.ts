import { expect, test } from 'vitest';
import { hasServedEnough, isTooOld } from '../../../aging/detectors/age.js';
import { isOverCeiling } from '../../../aging/detectors/ceiling.js';
import { hasCrept } from '../../../aging/detectors/creep.js';
import { cusum, hasRisen, LIMIT_DEVIATIONS, NO_CHANGE, SLACK_DEVIATIONS } from '../../../aging/detectors/cusum.js';
import type { HourOfSeries } from '../../../aging/detectors/daily-baseline.js';
import { dailyBaseline, isAbove } from '../../../aging/detectors/daily-baseline.js';
import { silentIntervals } from '../../../aging/detectors/dead-sampler.js';
import { exhaustionAmong } from '../../../aging/detectors/exhaustion.js';
import { isOneStep, riseOf } from '../../../aging/detectors/one-step.js';
import type { Served } from '../../../aging/detectors/storm-drain.js';
import { isStormDrain } from '../../../aging/detectors/storm-drain.js';
import { normalNumbers } from '../../fixtures/normal-numbers.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test('age counts from the boot, where a policy limits it', () => {
  expect(isTooOld(1000, 2000, 1000)).toBe(true);
  expect(isTooOld(1000, 1999, 1000)).toBe(false);
  expect(isTooOld(1000, 2e12, null)).toBe(false);
  expect(isTooOld(null, 2e12, 1000)).toBe(false);
});

test('requests served count, where a policy limits them', () => {
  expect(hasServedEnough(500, 500)).toBe(true);
  expect(hasServedEnough(499, 500)).toBe(false);
  expect(hasServedEnough(1e12, null)).toBe(false);
  expect(hasServedEnough(null, 500)).toBe(false);
});

test('a ceiling is broken by all values, not by most of them nor by none', () => {
  expect(isOverCeiling([90, 95, 91], 90)).toBe(true);
  expect(isOverCeiling([99, 89, 99], 90)).toBe(false);
  expect(isOverCeiling([], 90)).toBe(false);
});

/** After so many values, or null. */
function cusumAlarm(values: Iterable<number>): number | null {
  let state = NO_CHANGE;
  let length = 0;
  for (const value of values) {
    length += 1;
    state = cusum(state, value);
    if (hasRisen(state)) return length;
  }
  return null;
}

test('CUSUM sees a rise of one deviation within some ten values, and neither a fall nor a burst', () => {
  expect(cusumAlarm(new Array<number>(20).fill(1))).toBe(11);
  expect(cusumAlarm(new Array<number>(1000).fill(-3))).toBeNull();
  expect(cusumAlarm([0, 0, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0])).toBeNull();
});

test('without a rise, CUSUM of one side gives a false alarm once in some 940 values, as Siegmund computes', () => {
  const chance = function* (seed: number): Generator<number> {
    const next = normalNumbers(seed);
    for (let left = 100_000; left > 0; left--) yield next();
  };
  const runs = Array.from({ length: 400 }, (_, seed) => cusumAlarm(chance(seed + 1)) ?? Infinity);
  const average = runs.reduce((sum, length) => sum + length, 0) / runs.length;
  const drift = -SLACK_DEVIATIONS;
  const barrier = 2 * drift * (LIMIT_DEVIATIONS + 1.166);
  const siegmund = (Math.exp(-barrier) + barrier - 1) / (2 * drift ** 2);
  expect(siegmund).toBeCloseTo(938, 0);
  // The standard error is a twentieth of it.
  expect(Math.abs(average / siegmund - 1)).toBeLessThan(0.15);
});

/** `days` of hours, as `level` says. */
function hoursOf(days: number, level: (day: number, hour: number) => number): HourOfSeries[] {
  return Array.from({ length: days * 24 }, (_, i) => ({ startMs: i * HOUR_MS, value: level(Math.floor(i / 24), i % 24) }));
}

test('a baseline knows the hours of a day: what is usual at noon is not at night', () => {
  const next = normalNumbers(3);
  const hours = hoursOf(7, (_, hour) => (hour === 12 ? 300 : 100) + 5 * next());
  const rule = { deviations: 6, factor: 1.5 };
  const [noon, night] = [12, 3].map((hour) => dailyBaseline(hours, 7 * DAY_MS + hour * HOUR_MS, 3));
  if (noon === null || night === null || noon === undefined || night === undefined) throw new Error('Seven days are enough.');
  expect(isAbove(300, night, rule)).toBe(true);
  expect(isAbove(300, noon, rule)).toBe(false);
  expect(isAbove(600, noon, rule)).toBe(true);
  // By deviations alone it would be; it is no half more.
  expect(isAbove(145, night, rule)).toBe(false);
  // For shares of failures the least rise counts, too.
  expect(isAbove(300, night, rule, 250)).toBe(false);
});

test('a baseline says nothing before it has seen an hour on three days, and one bad day does not spoil it', () => {
  expect(
    dailyBaseline(
      hoursOf(2, () => 100),
      2 * DAY_MS,
      3,
    ),
  ).toBeNull();
  const spoilt = dailyBaseline(
    hoursOf(7, (day) => (day === 3 ? 5000 : 100)),
    7 * DAY_MS,
    3,
  );
  expect(spoilt).toMatchObject({ median: 100, highest: 5000, spread: 0, days: 7 });
});

test('a sampler is silent by its own intervals', () => {
  const each = (ms: number): number[] => [0, 1, 2, 3, 4].map((i) => i * ms);
  expect(silentIntervals(each(60_000), 240_000 + 300_000)).toBe(5);
  expect(silentIntervals(each(600_000), 2_400_000 + 300_000)).toBe(0.5);
  expect(silentIntervals([], 1e12)).toBe(0);
  expect(silentIntervals([5], 1e12)).toBe(0);
});

test('what rises is exhausted at (limit - level) / slope, in an interval; what does not rise never is', () => {
  const moments = Array.from({ length: 1001 }, (_, i) => ({ aheadMs: i * 10, tick: i * 10, adds: 0 }));
  const at = (slopes: { slope: number; low: number; high: number }) =>
    exhaustionAmong(moments, 100, slopes, ({ tick, adds }, slope) => 40 + slope * tick + adds);
  expect(at({ slope: 0.02, low: 0.01, high: 0.03 })).toEqual({ estimate: 3000, low: 2000, high: 6000 });
  expect(at({ slope: 0.02, low: 0.001, high: 0.03 })).toMatchObject({ high: null });
  expect(at({ slope: 0, low: 0, high: 0.03 })).toBeNull();
  expect(at({ slope: -0.02, low: -0.03, high: -0.01 })).toBeNull();
  expect(at({ slope: 0.001, low: 0.001, high: 0.001 })).toBeNull();
});

const served = (errorRate: number, latencyMs: number, rate: number): Served => ({ errorRate, latencyMs, rate });
const before = Array.from({ length: 12 }, (_, i) => served(0.01, 100 + (i % 3), 50));

test.each([
  ['more failures and quicker answers with more load', [served(0.4, 20, 60), served(0.5, 20, 70)], true],
  ['more failures, as slow as ever', [served(0.4, 100, 60), served(0.5, 90, 70)], false],
  ['quicker answers without failures', [served(0.01, 20, 60), served(0.01, 20, 60)], false],
  ['more failures and quicker answers, but load goes elsewhere', [served(0.4, 20, 30), served(0.5, 20, 20)], false],
  ['one bucket of it only', [served(0.4, 20, 60), served(0.01, 100, 60)], false],
  ['nothing now', [], false],
])('a storm drain: %s', (_, now, is) => {
  expect(isStormDrain(before, now)).toBe(is);
  expect(isStormDrain([], now)).toBe(false);
});

const rising = (n: number, level: (i: number) => number, seed = 5): number[] => {
  const next = normalNumbers(seed);
  return Array.from({ length: n }, (_, i) => level(i) + next());
};

test.each([
  ['a line', rising(96, (i) => i / 5), true],
  ['what accelerates', rising(96, (i) => (i * i) / 400), true],
  ['many steps', rising(96, (i) => 3 * Math.floor(i / 10)), true],
  ['one step', rising(96, (i) => (i < 48 ? 0 : 20)), false],
  ['what began lately', rising(96, (i) => Math.max(0, 2 * (i - 80))), false],
  ['noise', rising(96, () => 0), false],
  ['what falls', rising(96, (i) => -i / 5), false],
  ['too few', rising(20, (i) => 10 * i), false],
])('creep: %s', (_, values, is) => {
  expect(hasCrept(values, 0.001)).toBe(is);
});

test('a step is told from a slope by how much of the rise it brings', () => {
  const step = Array.from({ length: 96 }, (_, i) => (i < 50 ? 10 : 30));
  const slope = Array.from({ length: 96 }, (_, i) => i);
  expect([riseOf(step), riseOf(slope)]).toEqual([20, 92]);
  expect([isOneStep(step), isOneStep(slope)]).toEqual([true, false]);
});
