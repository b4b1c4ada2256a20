import { expect, test } from 'vitest';
import { around, counter, DAY, detectors, minuteOf, noon, raised, watched } from '../fixtures/watched-machine.js';

const TOO_SLOW = { tooSlowMs: 1000 };
/** A day in which it gets from 100 ms to what is too slow, or none of it. */
const slowing = (perDay: number): ((minute: number) => number) => {
  const noise = around(1, 0.05, 7);
  return (minute) => (100 + (perDay * minute) / DAY) * noise();
};
const requests = (): ((minute: number) => number) => counter(() => 3000);

test('a server that only slows down is told while a fifth of its time is left', () => {
  const verdicts = watched(DAY, { latencyP95: slowing(900), requests: requests() }, TOO_SLOW);

  const [alarm] = raised(verdicts);
  expect(detectors(alarm)).toEqual(['trend']);
  expect(minuteOf(alarm)).toBeLessThan(0.8 * DAY);
});

test.each<[string, (minute: number) => number, { tooSlowMs: number | null }]>([
  ['one that does not', slowing(0), TOO_SLOW],
  ['one of which nobody has said how slow is too slow', slowing(900), { tooSlowMs: null }],
  ['one that would be too slow in months', slowing(10), TOO_SLOW],
])('%s is left alone', (_what, latencyP95, options) => {
  expect(raised(watched(DAY, { latencyP95, requests: requests() }, options))).toEqual([]);
});

test('a backend that has become slow at once is no trend, though it is nearly too slow', () => {
  const [fast, slow] = [around(100, 5, 8), around(850, 40, 9)];
  const latencyP95 = (minute: number): number => (minute < 400 ? fast() : slow());

  expect(raised(watched(DAY, { latencyP95, requests: requests() }, TOO_SLOW))).toEqual([]);
});

test('what is slow at noon, when it is busy, is no trend on any of seven days', () => {
  const noise = around(1, 0.05, 10);
  const latencyP95 = (minute: number): number => (50 + 750 * noon(minute) ** 2) * noise();
  const levels = { latencyP95, requests: counter((minute: number) => 3000 * noon(minute)) };

  expect(raised(watched(7 * DAY, levels, TOO_SLOW))).toEqual([]);
});
