import { expect, test } from 'vitest';
import { LoadHistory } from '../../aging/load-history.js';
import type { SampleRow } from '../../aging/thinning.js';
import { thinned } from '../../aging/thinning.js';

const MINUTE = 60_000;

const rowsOf = (series: string, values: readonly number[], machine = 'a'): SampleRow[] =>
  values.map((value, minute) => ({ machine, series, atMs: minute * MINUTE, value, limit: null }));

test('of each series and five minutes one row is left, with lowest, highest, mean and count', () => {
  const rows = [...rowsOf('threads', [10, 40, 20, 30, 50, 7]), ...rowsOf('threads', [1], 'b')];
  expect(thinned(rows)).toEqual([
    { machine: 'b', series: 'threads', atMs: 0, value: 1, limit: null, gathered: { min: 1, max: 1, count: 1 } },
    { machine: 'a', series: 'threads', atMs: 4 * MINUTE, value: 30, limit: null, gathered: { min: 10, max: 50, count: 5 } },
    { machine: 'a', series: 'threads', atMs: 5 * MINUTE, value: 7, limit: null, gathered: { min: 7, max: 7, count: 1 } },
  ]);
});

test('what is thin stays so, and takes up what comes late', () => {
  const rows = rowsOf('memory', [4, 8, 6, 2, 5, 9, 1]);
  const [late, ...early] = [...rows].reverse();
  expect(thinned(thinned(rows))).toEqual(thinned(rows));
  expect(thinned([...thinned(early.reverse()), ...(late === undefined ? [] : [late])])).toEqual(thinned(rows));
});

test('a boot stays as it is', () => {
  const boot: SampleRow = { machine: 'a', series: 'boot', atMs: 90_000, value: 1, limit: null };
  expect(thinned([boot, boot])).toEqual([boot, boot]);
});

test.each([
  ['that grows', [100, 110, 140, 150, 160, 170, 200, 210, 220, 230, 240]],
  ['that falls within five minutes, and grows beyond', [100, 110, 5, 150, 160, 170, 200]],
  ['that falls as they begin', [100, 110, 140, 150, 160, 3, 9, 12, 20, 30, 31]],
])('a counter %s tells the same load, and the same boots', (_, values) => {
  const heard = (rows: readonly SampleRow[]): unknown => {
    const load = new LoadHistory(86_400_000);
    const falls = rows.filter((row) => load.add(row) === 'fallen').map(({ atMs }) => atMs);
    return { falls, loads: [...load.all] };
  };
  const rows = rowsOf('requests', values);
  expect(thinned(rows).length).toBeLessThan(rows.length);
  expect(heard(thinned(rows))).toEqual(heard(rows));
});
