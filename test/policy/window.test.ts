import { describe, expect, test } from 'vitest';
import { forbiddenBy, nextAllowedMs } from '../../policy/allowed-time.js';
import type { Window } from '../../policy/window.js';
import { isOpen } from '../../policy/window.js';

const BERLIN = 'Europe/Berlin';
const SANTIAGO = 'America/Santiago';
const MINUTE_MS = 60_000;
const nights: Window = { days: ['sat'], from: '22:00', to: '04:00' };
const at = (iso: string): number => Date.parse(iso);

describe('a window past midnight belongs to the day on which it began', () => {
  test.each([
    ['2026-11-28T20:59:00Z', false],
    ['2026-11-28T21:00:00Z', true],
    ['2026-11-29T02:59:00Z', true],
    ['2026-11-29T03:00:00Z', false],
    ['2026-11-29T21:30:00Z', false],
    ['2026-11-28T02:00:00Z', false],
  ])('at %s: %s', (instant, expected) => {
    expect(isOpen(nights, BERLIN, at(instant))).toBe(expected);
  });
});

describe.each<[string, Window, string, string, string, number]>([
  ['a Sunday of 23 hours', { days: ['sun'], from: '00:00', to: '24:00' }, BERLIN, '2026-03-28T23:00Z', '2026-03-29T22:00Z', 23],
  ['a Sunday of 25 hours', { days: ['sun'], from: '00:00', to: '24:00' }, BERLIN, '2026-10-24T22:00Z', '2026-10-25T23:00Z', 25],
  // Clocks change at midnight there: one Sunday begins at 01:00, and one Saturday's last hour comes twice.
  ['a Sunday from 01:00', { days: ['sun'], from: '00:00', to: '24:00' }, SANTIAGO, '2026-09-06T04:00Z', '2026-09-07T03:00Z', 23],
  ['a Saturday before it', { days: ['sat'], from: '00:00', to: '24:00' }, SANTIAGO, '2026-09-05T04:00Z', '2026-09-06T04:00Z', 24],
  ['a long Saturday', { days: ['sat'], from: '00:00', to: '24:00' }, SANTIAGO, '2026-04-04T03:00Z', '2026-04-05T04:00Z', 25],
  ['a week-end', { days: ['sat', 'sun'], from: '00:00', to: '24:00' }, BERLIN, '2026-03-27T23:00Z', '2026-03-29T22:00Z', 47],
  ['an evening', { days: ['sat'], from: '22:00', to: '24:00' }, BERLIN, '2026-11-28T21:00Z', '2026-11-28T23:00Z', 2],
  [
    'a late evening that comes twice',
    { days: ['sat'], from: '22:00', to: '24:00' },
    SANTIAGO,
    '2026-04-05T01:00Z',
    '2026-04-05T04:00Z',
    3,
  ],
  ['a short night', nights, BERLIN, '2026-03-28T21:00Z', '2026-03-29T02:00Z', 5],
  ['a long night', nights, BERLIN, '2026-10-24T20:00Z', '2026-10-25T03:00Z', 7],
])('%s', (_what, window, timeZone, since, until, hours) => {
  const [fromMs, toMs] = [at(since), at(until)];

  test('is without a hole, and nothing more', () => {
    expect((toMs - fromMs) / (60 * MINUTE_MS)).toBe(hours);
    const minutes = Array.from({ length: (toMs - fromMs) / MINUTE_MS }, (_, minute) => fromMs + minute * MINUTE_MS);
    expect(minutes.filter((atMs) => !isOpen(window, timeZone, atMs))).toEqual([]);
    expect([fromMs - MINUTE_MS, toMs].map((atMs) => isOpen(window, timeZone, atMs))).toEqual([false, false]);
  });

  test('keeps what waits waiting until its end', () => {
    const windows = { timeZone, maintenance: [], blackout: [window] };
    expect(nextAllowedMs(windows, fromMs + MINUTE_MS)).toBe(toMs);
  });
});

test('whole days begin and end by the clock of the time zone', () => {
  const holidays: Window = { since: '2026-12-24', until: '2026-12-26' };

  expect(isOpen(holidays, BERLIN, at('2026-12-23T22:59:00Z'))).toBe(false);
  expect(isOpen(holidays, BERLIN, at('2026-12-23T23:00:00Z'))).toBe(true);
  expect(isOpen(holidays, BERLIN, at('2026-12-26T22:59:00Z'))).toBe(true);
  expect(isOpen(holidays, BERLIN, at('2026-12-26T23:00:00Z'))).toBe(false);
});

test('a blackout wins over maintenance', () => {
  const windows = { timeZone: BERLIN, maintenance: [nights], blackout: [{ since: '2026-11-28', until: '2026-11-28' }] };

  expect(forbiddenBy(windows, at('2026-11-28T22:00:00Z'))).toBe('blackout');
  expect(forbiddenBy(windows, at('2026-11-29T00:00:00Z'))).toBeNull();
  expect(forbiddenBy(windows, at('2026-11-29T12:00:00Z'))).toBe('maintenance');
});

test('the next allowed minute is found across the end of summer time', () => {
  // 2026-10-25: 03:00 summer time becomes 02:00, so 02:30 comes twice.
  const windows = {
    timeZone: BERLIN,
    maintenance: [{ days: ['sun'], from: '02:30', to: '02:45' } satisfies Window],
    blackout: [],
  };

  expect(nextAllowedMs(windows, at('2026-10-24T12:00:00Z'))).toBe(at('2026-10-25T00:30:00Z'));
  expect(nextAllowedMs(windows, at('2026-10-25T00:45:00Z'))).toBe(at('2026-10-25T01:30:00Z'));
});

test('where no time is ever allowed, it is looked at again eight days later', () => {
  const windows = { timeZone: 'UTC', maintenance: [], blackout: [{ since: '2026-01-01', until: '2030-01-01' }] };

  expect(nextAllowedMs(windows, at('2026-11-29T00:00:00Z'))).toBe(at('2026-12-07T00:00:00Z'));
});
