import { expect, test } from 'vitest';
import { policySchema } from '../../aging/policy.js';
import { seriesOf } from '../../aging/series.js';
import { AgingWatch } from '../../aging/watch.js';
import type { Levels } from '../fixtures/watched-machine.js';
import {
  around,
  counter,
  DAY,
  detectors,
  MINUTE,
  minuteOf,
  noon,
  raised,
  START_MS,
  watched,
} from '../fixtures/watched-machine.js';

test('a leak raises one alarm, with what is left of its life in the interval', () => {
  const noise = around(0, 0.5);
  const life = 2 * DAY;
  const verdicts = watched(life, { threads: (minute) => 30 + (70 * minute) / life + noise(), requests: counter(() => 600) });

  const [alarm, ...more] = raised(verdicts);
  expect(more).toEqual([]);
  expect(minuteOf(alarm)).toBeLessThan(0.8 * life);
  const [trend] = alarm?.evidence ?? [];
  const left = (life - minuteOf(alarm)) * MINUTE;
  expect(trend).toMatchObject({ detector: 'trend', series: 'threads' });
  expect(Math.abs((trend?.timeToExhaustionMs?.estimate ?? 0) / left - 1)).toBeLessThan(0.15);
  expect(alarm?.explanation).toMatch(/^Aging: threads rises with time, by .* an hour .* exhausted in /);
});

test('a day that comes and goes is no leak, though the morning looks like one without its guards', () => {
  const level = (): Required<Pick<Levels, 'memory' | 'requests'>> => {
    const noise = around(0, 0.5);
    return { memory: (minute) => 20 + 62 * noon(minute) + noise(), requests: counter((minute) => 3000 * noon(minute)) };
  };
  expect(raised(watched(5 * DAY, level()))).toEqual([]);
  // The same where nobody counts requests.
  expect(raised(watched(5 * DAY, { memory: level().memory }))).toEqual([]);
  const careless = policySchema.parse({ trend: { nearShareBlind: 1, levelBlind: 0.1 } });
  expect(raised(watched(5 * DAY, { memory: level().memory }, { policy: careless }))).not.toEqual([]);
});

test('where neither load nor days are known, a noon that comes again is no leak, and one that goes on rising is told in time', () => {
  /** From 6 to 10 in the morning up to 86 of 100, and down in the evening. */
  const day = (minute: number): number => {
    const hour = (minute / 60) % 24;
    return 30 + 56 * Math.max(0, Math.min(1, (hour - 6) / 4, (20 - hour) / 4));
  };
  const noise = around(0, 0.5, 3);
  const nine = 9 * 60;
  // It boots at nine, when all load is there already within the hour.
  const noons = watched(2.5 * DAY, { memory: (minute) => day(minute + nine) + noise() }, { boots: [0] });
  expect(raised(noons)).toEqual([]);
  const life = 10 * 60;
  const [alarm] = raised(watched(life, { memory: (minute) => 30 + (70 * minute) / life + noise() }));
  expect(minuteOf(alarm)).toBeLessThan(0.8 * life);
  // One that slows down waits until it is nearly over.
  const slowing = watched(life, { memory: (minute) => 30 + 62 * Math.sin((Math.PI / 2) * Math.min(1, minute / life)) + noise() });
  expect(raised(slowing).flatMap(detectors)).not.toContain('trend');
});

test('what happens in warm-up does not count, and would without it', () => {
  // Loading takes all of the room for some minutes.
  const loading = (): Levels => ({ heapAfterGc: (minute) => (minute < 28 ? 95 : 40) });
  expect(raised(watched(120, loading()))).toEqual([]);
  const cold = policySchema.parse({ warmUpMs: 1 });
  expect(raised(watched(120, loading(), { policy: cold }))).toHaveLength(1);
});

test('a boot begins a series anew', () => {
  const level = (minute: number): number => 30 + (minute % 720) / 12;
  // 30 to 90 in twelve hours, twice, with a restart between: the second time has to be told by itself.
  const verdicts = watched(1440, { fileHandles: level, requests: counter(() => 600) }, { boots: [0, 720] });
  const alarms = raised(verdicts).map(minuteOf);
  expect(alarms).toHaveLength(2);
  expect(Math.abs((alarms[1] ?? 0) - 720 - (alarms[0] ?? 0))).toBeLessThanOrEqual(15);
});

test('a counter of requests that falls tells a boot that nobody has told', () => {
  const served = counter(() => 600);
  const verdicts = watched(400, {
    heapAfterGc: (minute) => (minute < 200 ? 20 : 95),
    requests: (minute) => served(minute) - (minute < 200 ? 0 : 120_000),
  });
  expect(verdicts.find(({ atMs }) => atMs === START_MS + 210 * MINUTE)?.explanation).toBe('Warming up.');
  expect(verdicts.find(({ atMs }) => atMs === START_MS + 210 * MINUTE)?.warm).toBe(false);
  expect(verdicts.at(-1)?.warm).toBe(true);
  expect(detectors(raised(verdicts)[0])).toContain('ceiling');
});

test('an alarm waits for several judgements in a row, stays while it is found, and is not raised again within the cooldown', () => {
  const level = (minute: number): number => (minute % 120 >= 60 ? 95 : 50);
  const verdicts = watched(600, { threads: level });
  const alarms = raised(verdicts).map(minuteOf);
  // In the minutes 60 to 120 all three last buckets are over the ceiling as of 75; three judgements later it counts.
  expect(alarms).toEqual([85, 85 + 360]);
  expect(
    verdicts
      .filter(({ aging }) => aging)
      .map(minuteOf)
      .filter((minute) => minute < 240),
  ).toEqual([85, 90, 95, 100, 105, 110, 115, 120, 125, 130]);
  const cooling = verdicts.find(({ atMs }) => atMs === START_MS + 210 * MINUTE);
  expect(cooling?.explanation).toMatch(/^Not called aging, as the last alarm was less than the cooldown ago/);
});

test('a server that fails fast and draws the load is a storm drain, one that fails slowly is none', () => {
  const failing = (factor: number): Levels => ({
    latencyP95: (minute) => (minute < 300 ? 100 : 100 * factor),
    errorRate: (minute) => (minute < 300 ? 0 : 0.4),
    requests: counter((minute) => (minute < 300 ? 600 : 700)),
  });
  expect(raised(watched(330, failing(0.2))).map(detectors)).toEqual([['stormDrain']]);
  expect(raised(watched(330, failing(1.5)))).toEqual([]);
  // Whatever else is counted, and sampled before it.
  const others = { timeoutRate: () => 0, latencyP99: () => 500 };
  expect(raised(watched(330, { ...others, ...failing(0.2) })).map(detectors)).toEqual([['stormDrain']]);
});

test('collections that take a third of the time are thrash, a busy minute of them is not', () => {
  expect(raised(watched(120, { gcShare: (minute) => (minute < 60 ? 0.02 : 0.33) })).map(detectors)).toEqual([['gcThrash']]);
  expect(raised(watched(120, { gcShare: (minute) => (minute % 20 === 0 ? 0.6 : 0.02) }))).toEqual([]);
});

test('age and work count where a policy says so', () => {
  const levels = (): Levels => ({ requests: counter(() => 100) });
  expect(raised(watched(600, levels()))).toEqual([]);
  const aged = raised(watched(600, levels(), { policy: policySchema.parse({ maxAgeMs: 300 * MINUTE }) }));
  expect(aged.map((verdict) => [minuteOf(verdict), ...detectors(verdict)])).toEqual([[310, 'age']]);
  const worked = raised(watched(600, levels(), { policy: policySchema.parse({ maxRequests: 20_000 }) }));
  expect(worked.map((verdict) => [minuteOf(verdict), ...detectors(verdict)])).toEqual([[210, 'work']]);
});

test('a sampler that has died is told, and is no reason for a restart', () => {
  const verdicts = watched(200, { threads: (minute) => (minute < 100 ? 40 : null), fileHandles: () => 40 });
  expect(raised(verdicts)).toEqual([]);
  expect(verdicts.at(-1)?.anomalies).toMatchObject([{ detector: 'deadSampler', series: 'threads' }]);
  expect(verdicts.at(-1)?.explanation).toMatch(/^Nothing speaks for aging\. Besides: threads has had no sample for /);
  expect(verdicts.find(({ atMs }) => atMs === START_MS + 100 * MINUTE)?.anomalies).toEqual([]);
});

test('in a quiet night nobody tells response times and failures, and only where the requests are not counted either that is a dead sampler', () => {
  const silentFrom = (minute: number, level: number) => (now: number) => (now < minute ? level : null);
  const quality = (minute: number): Levels => ({
    ...{ latencyP50: silentFrom(minute, 20), latencyP95: silentFrom(minute, 50), latencyP99: silentFrom(minute, 90) },
    ...{ errorRate: silentFrom(minute, 0), timeoutRate: silentFrom(minute, 0), queueFullRate: silentFrom(minute, 0) },
  });
  const served = counter(() => 600);
  const night = watched(400, { requests: counter((minute) => (minute < 200 ? 600 : 5)), ...quality(200), threads: () => 40 });
  expect(new Set(night.flatMap(({ anomalies }) => anomalies.map(({ series }) => series)))).toEqual(new Set());

  // The sampler dies in the middle of the night, and another one besides it.
  const requests = (minute: number): number | null => (minute < 300 ? served(minute) : null);
  const dead = watched(400, { requests, ...quality(200), threads: silentFrom(250, 40), fileHandles: () => 40 });
  const silent = (minute: number): unknown[] => dead[minute / 5 - 1]?.anomalies.map(({ series }) => series) ?? [];
  expect(silent(300)).toEqual(['threads']);
  expect(silent(400).sort()).toEqual([...Object.keys(quality(0)), 'requests', 'threads'].sort());
});

test('response times that an exporter tells are silent when it is, whoever counts the requests', () => {
  const watch = new AgingWatch();
  let verdict = watch.judge(START_MS);
  for (let minute = 0; minute < 200; minute++) {
    const atMs = START_MS + minute * MINUTE;
    watch.observe(seriesOf('requests', 'requests'), { atMs, value: 600 * minute });
    if (minute < 100) watch.observe(seriesOf('latencyP95:shop', 'latencyP95'), { atMs, value: 50 });
    if (minute % 5 === 4) verdict = watch.judge(atMs + MINUTE);
  }

  expect(verdict.anomalies.map(({ series }) => series)).toEqual(['latencyP95:shop']);
});

test('a heap that is emptied by collections is judged by what they leave', () => {
  const teeth = (leak: number) => (minute: number) => 20 + leak * minute + 60 * ((minute / 45) % 1);
  expect(raised(watched(2 * DAY, { heap: teeth(0) }))).toEqual([]);
  const leaking = raised(watched(DAY, { heap: teeth(60 / DAY), requests: counter(() => 600) }));
  expect(leaking.map(detectors)).toEqual([['trend']]);
  // As a level of its own, the same is exhausted again and again.
  expect(raised(watched(2 * DAY, { memory: (minute) => 60 + 38 * ((minute / 300) % 1) }))).not.toEqual([]);
});
