import { describe, expect, test } from 'vitest';
import { forbiddenBy, nextAllowedMs } from '../../policy/allowed-time.js';
import type { Window } from '../../policy/window.js';
import { isOpen } from '../../policy/window.js';

const BERLIN = 'Europe/Berlin';
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
