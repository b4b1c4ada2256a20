import { expect, test } from 'vitest';
import { Buckets, BUCKET_MS } from '../../../aging/buckets.js';
import { HISTORY_MS, singleMs } from '../../../aging/history.js';
import { LoadHistory } from '../../../aging/load-history.js';
import { DEFAULT_POLICY } from '../../../aging/policy.js';
import type { Recorded } from '../../../aging/recording.js';
import { BOOT } from '../../../aging/recording.js';
import { restoreWatch } from '../../../aging/restore.js';
import type { SeriesKind } from '../../../aging/series.js';
import { seriesOf } from '../../../aging/series.js';
import { thinned } from '../../../aging/thinning.js';
import type { Verdict } from '../../../aging/verdict.js';
import { AgingWatch } from '../../../aging/watch.js';
import type { Levels } from '../../fixtures/watched-machine.js';
import { around, counter, DAY, MINUTE, noon, START_MS } from '../../fixtures/watched-machine.js';

const DAYS = 24;
const BOOT_MINUTE = 3 * DAY;
const STOPPED = (DAYS - 1) * DAY;

/** Leaks for weeks; from an hour before the process ends on, answers are slow and fail. */
function machine(): Levels {
  const [noise, slow] = [around(0, 0.5), around(1, 0.05, 2)];
  const isLate = (minute: number): boolean => minute >= STOPPED - 60;
  return {
    requests: counter((minute) => 3000 * noon(minute)),
    memory: (minute) => 20 + 10 * noon(minute) + (45 * minute) / (DAYS * DAY) + noise(),
    latencyP95: (minute) => 100 * slow() * (0.5 + noon(minute)) * (isLate(minute) ? 4 : 1),
    errorRate: (minute) => (isLate(minute) ? 0.1 : 0.002),
  };
}

function rowsOf(levels: Levels): Recorded[] {
  const rows: Recorded[] = [];
  for (let minute = 0; minute < DAYS * DAY; minute++) {
    const atMs = START_MS + minute * MINUTE;
    if (minute === BOOT_MINUTE) rows.push({ atMs, value: 1, series: null });
    for (const [kind, level] of Object.entries(levels) as [SeriesKind, (minute: number) => number][]) {
      const limit = kind === 'memory' ? 100 : null;
      rows.push({ atMs, value: level(minute), series: seriesOf(kind, kind, limit) });
    }
  }
  return rows;
}

/** Feeds what comes, and judges every five minutes. */
function goOn(watch: AgingWatch, rows: readonly Recorded[], fromMs: number): Verdict[] {
  const verdicts: Verdict[] = [];
  let judgeMs = fromMs + BUCKET_MS;
  for (const { series, ...sample } of rows) {
    for (; judgeMs <= sample.atMs; judgeMs += BUCKET_MS) verdicts.push(watch.judge(judgeMs));
    if (series === null) watch.boot(sample.atMs);
    else watch.observe(series, sample);
  }
  return verdicts;
}

/** Without for how long a level has been another one: that may be longer than what is kept. */
const said = (verdicts: readonly Verdict[]): unknown[] =>
  verdicts.map(({ atMs, aging, raised, explanation }) => [atMs, aging, raised, explanation.replace(/ for \d+ h: /, ': ')]);

test('a watch that is restored judges on as if its process had never ended, of the history that is to be kept and no less', () => {
  const rows = rowsOf(machine());
  const stoppedMs = START_MS + STOPPED * MINUTE;
  const [before, after] = [rows.filter(({ atMs }) => atMs < stoppedMs), rows.filter(({ atMs }) => atMs >= stoppedMs)];
  const unbroken = new AgingWatch();
  const first = [...goOn(unbroken, before, START_MS), unbroken.judge(stoppedMs)];
  const expected = goOn(unbroken, after, stoppedMs);
  // An alarm is on, and its cooldown runs.
  expect(first.some(({ raised, atMs }) => raised && atMs > stoppedMs - 60 * MINUTE)).toBe(true);

  const ofLast = (forMs: number): Recorded[] => before.filter(({ atMs, series }) => series === null || atMs >= stoppedMs - forMs);
  const restored = goOn(restoreWatch(ofLast(HISTORY_MS), stoppedMs), after, stoppedMs);
  expect(said(restored)).toEqual(said(expected));
  const again = restored.find(({ raised }) => raised)?.atMs ?? Infinity;
  expect(again - stoppedMs).toBeGreaterThan(5 * 60 * MINUTE);
  // Of two days it does not know what is usual.
  expect(said(goOn(restoreWatch(ofLast(2 * DAY * MINUTE), stoppedMs), after, stoppedMs))).not.toEqual(said(expected));
});

/** As the monitor keeps them: an hour at a time. */
function kept(rows: readonly Recorded[], untilMs: number): Recorded[] {
  const hours = new Map<number, Recorded[]>();
  for (const row of rows) {
    const hour = Math.floor(row.atMs / (60 * MINUTE));
    hours.set(hour, [...(hours.get(hour) ?? []), row]);
  }
  return [...hours.values()].flatMap((hour) => {
    if ((hour.at(-1)?.atMs ?? 0) >= untilMs) return hour;
    const named = hour.map((row) => ({
      ...{ ...row, of: row.series, machine: 'tomcat-a' },
      ...{ series: row.series?.name ?? BOOT, limit: row.series?.limit ?? null },
    }));
    return thinned(named).map(({ of, atMs, value, gathered }): Recorded => ({
      ...{ atMs, value, series: of },
      ...(gathered && { gathered }),
    }));
  });
}

test('of days ago a watch needs a row for each five minutes, with its lowest and its highest', () => {
  // Also without a sample now and then, and at odd times: what is left must weigh the same.
  const minuteOf = (atMs: number): number => (atMs - START_MS) / MINUTE;
  const rows = rowsOf(machine())
    .filter(({ atMs, series }) => series === null || minuteOf(atMs) % 7 !== 3)
    .map((row) => ({ ...row, atMs: row.atMs + (minuteOf(row.atMs) % 5) * 1000 }));
  const stoppedMs = START_MS + STOPPED * MINUTE;
  const before = rows.filter(({ atMs }) => atMs < stoppedMs && atMs >= stoppedMs - HISTORY_MS);
  const boot: Recorded = { atMs: START_MS + BOOT_MINUTE * MINUTE, value: 1, series: null };
  const thin = kept(before, stoppedMs - singleMs(DEFAULT_POLICY));
  expect(thin.length).toBeLessThan(0.35 * before.length);
  const [whole, restored] = [before, thin].map((some) => restoreWatch([boot, ...some], stoppedMs));
  const next = rows.filter(({ atMs }) => atMs >= stoppedMs && atMs < stoppedMs + 120 * MINUTE);
  const trend = whole?.trendOf('memory', stoppedMs);
  expect(trend).toMatchObject({ knowsRhythm: true });
  expect(restored?.trendOf('memory', stoppedMs)).toEqual(trend);
  const verdicts = (watch: AgingWatch | undefined): unknown => watch && said(goOn(watch, next, stoppedMs));
  expect(verdicts(restored)).toEqual(verdicts(whole));
  // Without the lowest and the highest of each it sees another course.
  const means = thin.map(({ atMs, value, series }): Recorded => ({ atMs, value, series }));
  const blurred = new AgingWatch();
  goOn(blurred, [boot, ...means], stoppedMs);
  expect(blurred.trendOf('memory', stoppedMs)).not.toEqual(trend);
});

test('what is remembered is bounded', () => {
  const buckets = new Buckets(DAY * MINUTE);
  const load = new LoadHistory(DAY * MINUTE);
  for (let minute = 0; minute < 60 * DAY; minute++) {
    buckets.add({ atMs: minute * MINUTE, value: minute });
    load.add({ atMs: minute * MINUTE, value: minute });
  }
  const aDay = (DAY * MINUTE) / BUCKET_MS;
  expect(buckets.between(-Infinity, Infinity).length).toBeGreaterThanOrEqual(aDay);
  expect(buckets.between(-Infinity, Infinity).length).toBeLessThanOrEqual(2 * aDay + 1);
  expect(load.all.size).toBe(aDay + 1);
});

test('a series that nobody samples any more is told, and forgotten when its history is over', () => {
  const watch = new AgingWatch();
  const [gone, stays] = [seriesOf('memory:gone', 'memory', 100), seriesOf('memory:stays', 'memory', 100)];
  for (let minute = 0; minute < 60; minute++) {
    for (const series of [gone, stays]) watch.observe(series, { atMs: START_MS + minute * MINUTE, value: 40 });
  }
  const anomaliesAt = (atMs: number): unknown[] => {
    watch.observe(stays, { atMs, value: 40 });
    for (const late of [0, 1]) watch.judge(atMs + late);
    return watch.judge(atMs + 2).anomalies.map(({ series }) => series);
  };
  expect(anomaliesAt(START_MS + DAY * MINUTE)).toEqual(['memory:gone']);
  expect(anomaliesAt(START_MS + HISTORY_MS + 2 * 60 * MINUTE)).toEqual([]);
});
