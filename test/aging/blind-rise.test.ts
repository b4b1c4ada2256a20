import { expect, test } from 'vitest';
import { blindRiseMatters } from '../../aging/findings/blind-rise.js';
import { DEFAULT_POLICY } from '../../aging/policy.js';
import { seriesOf } from '../../aging/series.js';
import type { Trend } from '../../aging/trend.js';
import { WatchedSeries } from '../../aging/watched-series.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Whether a rise of the last two of ten hours matters, that is nearly over; its samples end so many minutes before now. */
function matters(levelBefore: number, missingMinutes: number): boolean {
  const watched = new WatchedSeries(seriesOf('memory', 'memory', 100), DEFAULT_POLICY);
  for (let minute = 0; minute < 600 - missingMinutes; minute++)
    watched.add({ atMs: minute * MINUTE_MS, value: minute < 480 ? levelBefore : 60 + (minute - 480) / 4 });
  const trend = { spanMs: 2 * HOUR_MS, isEven: true, slowedBy: 1 } as Trend;
  return blindRiseMatters(trend, 10 * MINUTE_MS, watched, 0, 10 * HOUR_MS, DEFAULT_POLICY);
}

test.each([
  ['to where it has never been matters', 30, 0, true],
  ['to where it has been before does not', 95, 0, false],
  ['of which nothing is known lately does not, wherever it has been', 30, 60, false],
  ['of which nothing is known lately does not, least of all where it has been', 95, 60, false],
])('a rise %s', (_what, levelBefore, missingMinutes, expected) => {
  expect(matters(levelBefore, missingMinutes)).toBe(expected);
});
