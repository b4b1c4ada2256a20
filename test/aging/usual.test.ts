import { expect, test } from 'vitest';
import type { Levels } from '../fixtures/watched-machine.js';
import { around, counter, DAY, detectors, minuteOf, noon, raised, watched } from '../fixtures/watched-machine.js';

const DAYS = 5;
const usual = (): Record<'latencyP95' | 'errorRate' | 'requests', (minute: number) => number> => {
  const [slow, failing] = [around(1, 0.05, 2), around(0.002, 0.0005, 3)];
  return {
    latencyP95: (minute) => 100 * slow() * (0.5 + noon(minute)),
    errorRate: () => Math.max(0, failing()),
    requests: counter((minute) => 3000 * noon(minute)),
  };
};
/** On the last day from nine o'clock on. */
const isLate = (minute: number): boolean => minute >= (DAYS - 1) * DAY + 9 * 60;

test('slow answers and failures together are aging, slow answers alone are not', () => {
  const slower = (minute: number): number => (isLate(minute) ? 4 : 1);
  const { latencyP95, errorRate, requests } = usual();
  const slow = watched(DAYS * DAY, { latencyP95: (minute) => latencyP95(minute) * slower(minute), requests });
  expect(raised(slow)).toEqual([]);
  expect(detectors(slow.at(-1))).toEqual(['latency']);
  const both = watched(DAYS * DAY, {
    ...usual(),
    latencyP95: (minute) => latencyP95(minute) * slower(minute),
    errorRate: (minute) => errorRate(minute) + (isLate(minute) ? 0.05 : 0),
  });
  expect(raised(both).map(detectors)).toEqual([['latency', 'errors']]);
  expect(raised(watched(DAYS * DAY, usual()))).toEqual([]);
});

test('percentiles of the same latency do not vote together', () => {
  const { latencyP95, requests } = usual();
  const slow = (minute: number): number => latencyP95(minute) * (isLate(minute) ? 4 : 1);
  const verdicts = watched(DAYS * DAY, { latencyP50: slow, latencyP95: slow, latencyP99: slow, requests });
  expect(detectors(verdicts.at(-1))).toEqual(['latency', 'latency', 'latency']);
  expect(raised(verdicts)).toEqual([]);
});

test('what is slow because more is asked of it is not aging', () => {
  const normal = usual();
  const crowded = watched(DAYS * DAY, {
    latencyP95: (minute) => normal.latencyP95(minute) * (isLate(minute) ? 4 : 1),
    errorRate: (minute) => normal.errorRate(minute) + (isLate(minute) ? 0.05 : 0),
    requests: counter((minute) => 3000 * noon(minute) * (isLate(minute) ? 3 : 1)),
  });
  expect(raised(crowded)).toEqual([]);
});

/** A resource that follows its load, and rises by `rise` late on the last day. */
const risen = (rise: number): Levels => {
  const noise = around(0, 0.5, 4);
  return { memory: (minute) => 30 + 10 * noon(minute) + noise() + (isLate(minute) ? rise : 0) };
};
const toldBy = (detector: string, verdicts: ReturnType<typeof watched>): number | undefined => {
  const first = verdicts.find((verdict) => detectors(verdict).includes(detector));
  return first === undefined ? undefined : minuteOf(first);
};
const NINE = (DAYS - 1) * DAY + 9 * 60;

test('a level that has risen for good is told as a change, and is no alarm by itself', () => {
  const { requests } = usual();
  const verdicts = watched(DAYS * DAY, { ...risen(15), requests });
  const told = toldBy('levelChange', verdicts) ?? Infinity;
  expect(told).toBeGreaterThan(NINE);
  expect(told).toBeLessThan(NINE + 180);
  expect(raised(verdicts)).toEqual([]);
  expect(verdicts.at(-1)?.evidence).toMatchObject([
    {
      ...{ detector: 'levelChange', series: 'memory', votes: 1 },
      text: expect.stringMatching(/^memory has been above what is usual at its hour for \d+ h: /) as string,
    },
  ]);
});

test('a changed level and slow answers together are aging', () => {
  const { latencyP95, requests } = usual();
  const slow = { latencyP95: (minute: number): number => latencyP95(minute) * (isLate(minute) ? 4 : 1) };
  expect(raised(watched(DAYS * DAY, { ...risen(15), ...slow, requests })).map(detectors)).toEqual([['levelChange', 'latency']]);
});

test.each([
  ['none', 0, 1, DAYS],
  ['one too small to matter', 6, 1, DAYS],
  ['one that load explains', 15, 2, DAYS],
  ['one while nobody knows yet what is usual', 15, 1, 3],
])('of a change of level, %s is not told', (_, rise, busy, days) => {
  const nine = (days - 1) * DAY + 9 * 60;
  const noise = around(0, 0.5, 4);
  const verdicts = watched(days * DAY, {
    memory: (minute) => 30 + 10 * noon(minute) + noise() + (minute >= nine ? rise : 0),
    requests: counter((minute) => 3000 * noon(minute) * (minute >= nine ? busy : 1)),
  });
  expect(toldBy('levelChange', verdicts)).toBeUndefined();
  expect(raised(verdicts)).toEqual([]);
});

test('a level that falls is no change for the worse', () => {
  const { requests } = usual();
  expect(toldBy('levelChange', watched(DAYS * DAY, { ...risen(-15), requests }))).toBeUndefined();
});

const WEEK = 7 * DAY;
/** From the fifth day on, over three days: from 0 to 1, at once or little by little. */
const worse = (course: 'creeps' | 'steps') => (minute: number) => {
  const share = Math.max(0, (minute - 4 * DAY) / (3 * DAY));
  return course === 'creeps' ? share : Number(share > 0);
};

test.each(['creeps', 'steps'] as const)(
  'of answers that become slow and nothing else, only what creeps is aging: it %s',
  (course) => {
    const { latencyP95, requests } = usual();
    const slower = worse(course);
    const verdicts = watched(WEEK, { latencyP95: (minute) => latencyP95(minute) * (1 + 3 * slower(minute)), requests });
    expect(toldBy('latency', verdicts)).toBeLessThan(6 * DAY);
    expect(raised(verdicts).slice(0, 1).map(detectors)).toEqual(course === 'creeps' ? [['latency']] : []);
    if (course === 'creeps') expect(raised(verdicts)[0]?.explanation).toMatch(/; it has crept up over 2\.0 days\.$/);
  },
);

test.each(['creeps', 'steps'] as const)(
  'of failures that become more and nothing else, only what creeps is aging: it %s',
  (course) => {
    const { errorRate, requests } = usual();
    const failing = worse(course);
    const verdicts = watched(WEEK, { errorRate: (minute) => errorRate(minute) + 0.3 * failing(minute), requests });
    expect(toldBy('errors', verdicts)).toBeLessThan(6 * DAY);
    expect(raised(verdicts).slice(0, 1).map(detectors)).toEqual(course === 'creeps' ? [['errors']] : []);
  },
);

test.each([
  ['a day', 1, 1, [['latency']]],
  ['a day to less than three times', 1, 0.6, []],
  // Backends do so as well.
  ['four hours', 1 / 6, 1, []],
])('answers that become four times as slow within %s are aging where it takes long and goes far', (_, days, share, alarms) => {
  const { latencyP95, requests } = usual();
  const course = (minute: number): number => Math.min(1, Math.max(0, (minute - 5 * DAY) / (days * DAY)));
  const levels = { latencyP95: (minute: number): number => latencyP95(minute) * (1 + 3 * share * course(minute)), requests };
  // It is told again after the cooldown.
  expect(
    raised(watched(6.1 * DAY, levels))
      .slice(0, 1)
      .map(detectors),
  ).toEqual(alarms);
});

test('creep that began before a boot does not count after it', () => {
  const { latencyP95, requests } = usual();
  const slower = worse('creeps');
  const levels = { latencyP95: (minute: number): number => latencyP95(minute) * (1 + 3 * slower(minute)), requests };
  expect(raised(watched(WEEK, levels, { boots: [0, 5.2 * DAY] }))).toEqual([]);
});
