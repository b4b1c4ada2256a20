import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { MannKendall } from '../../aging/detectors/mann-kendall.js';
import { hamedRao, mannKendall } from '../../aging/detectors/mann-kendall.js';
import { upperTail } from '../../aging/detectors/normal.js';
import { sensSlope } from '../../aging/detectors/sens-slope.js';
import { normalNumbers } from '../fixtures/normal-numbers.js';

interface Told {
  s: number;
  /** Null where the library divides by zero, as nothing varies. */
  varS: number | null;
  z: number;
  p: number;
  slope: number;
}

/** scripts/mann-kendall-fixture.py has made it with the Python library. */
const { library, series } = JSON.parse(readFileSync(new URL('pymannkendall.json', import.meta.url), 'utf8')) as {
  library: string;
  series: { name: string; values: number[]; original: Told; hamedRao: Told }[];
};

const inTime = (values: readonly number[]) => values.map((value, index) => ({ atMs: index, value }));
const near = (value: number): unknown => (value === 0 ? 0 : expect.closeTo(value, 9 - Math.ceil(Math.log10(Math.abs(value)))));

function expectAgreement(values: readonly number[], ours: MannKendall, theirs: Told): void {
  const { slope } = sensSlope(inTime(values));
  expect({ s: ours.s, varS: ours.varS, z: ours.z, slope }).toEqual({
    s: theirs.s,
    varS: near(theirs.varS ?? 0),
    z: near(theirs.z),
    slope: near(theirs.slope),
  });
  // The library takes its p from 1 - cdf, which has no digits left in the far tail.
  expect(ours.pTwoSided).toBeCloseTo(theirs.p, 9);
}

test.each(series)(`Mann-Kendall and Sen's slope agree with ${library}: $name`, ({ values, original }) => {
  expectAgreement(values, mannKendall(values), original);
});

test.each(series)(`Hamed and Rao's correction agrees with ${library}: $name`, ({ values, hamedRao: corrected }) => {
  expectAgreement(values, hamedRao(values), corrected);
});

test('the comparison sees a test without ties and one without correction', () => {
  const tied = series.find(({ name }) => name === 'ties');
  const remembering = series.find(({ name }) => name === 'autocorrelated');
  if (tied === undefined || remembering === undefined) throw new Error('The fixture has lost its series.');
  const untied = mannKendall(tied.values.map((value, index) => value + index * 1e-9));
  expect(() => expectAgreement(tied.values, untied, tied.original)).toThrow();
  expect(() => expectAgreement(remembering.values, mannKendall(remembering.values), remembering.hamedRao)).toThrow();
});

test('on noise that remembers, the bare test cries wolf, and the corrected one far less', () => {
  const alarms = { bare: 0, corrected: 0 };
  for (let seed = 1; seed <= 200; seed++) {
    const next = normalNumbers(seed);
    let level = 0;
    const values = Array.from({ length: 100 }, () => (level = 0.8 * level + next()));
    if (mannKendall(values).pRising < 0.01) alarms.bare++;
    if (hamedRao(values, 'cautious').pRising < 0.01) alarms.corrected++;
  }
  expect(alarms.bare).toBeGreaterThan(20);
  expect(alarms.corrected).toBeLessThan(alarms.bare / 2);
});

test('the tail of the normal distribution is right where it counts', () => {
  // Abramowitz and Stegun, table 26.2.
  expect([0, 1, 1.6448536269514722, 3.090232306167813, 6, -1.959963984540054].map(upperTail)).toEqual([
    0.5,
    expect.closeTo(0.15865525393145707, 14),
    expect.closeTo(0.05, 14),
    expect.closeTo(0.001, 14),
    expect.closeTo(9.865876450377e-10, 20),
    expect.closeTo(0.975, 14),
  ]);
});

test("Sen's slope is that of real times, and its interval has the true slope in it", () => {
  const next = normalNumbers(7);
  let at = 0;
  const points = Array.from({ length: 80 }, (_, index) => {
    at += index % 10 === 0 ? 3_600_000 : 60_000;
    return { atMs: at, value: 100 + 2e-6 * at + next() };
  });
  // An outlier that least squares would follow.
  points.push({ atMs: at + 60_000, value: 10_000 });
  const { slope, low, high } = sensSlope(points);
  expect(low).toBeLessThan(2e-6);
  expect(high).toBeGreaterThan(2e-6);
  expect(Math.abs(slope / 2e-6 - 1)).toBeLessThan(0.1);
  // By index instead of time it is another one.
  const perSample = sensSlope(points.map(({ value }, index) => ({ atMs: index, value }))).slope;
  expect(Math.abs(perSample / 60_000 / 2e-6 - 1)).toBeGreaterThan(0.5);
});
