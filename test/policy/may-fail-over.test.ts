import { expect, test } from 'vitest';
import type { FailOverFacts } from '../../policy/may-fail-over.js';
import { mayFailOver } from '../../policy/may-fail-over.js';

const NOW = Date.parse('2026-01-05T12:00:00Z');
const HOUR = 3_600_000;
const DOWN: FailOverFacts = {
  active: 'a',
  runningRun: null,
  activeIll: 'it is off',
  standbyIll: null,
  areBothOff: false,
  failedOverAtMs: [],
};
const AUTOMATIC = { failOver: 'automatic' } as const;

test('a machine that is down, with a standby that is well, is failed over at once', () => {
  expect(mayFailOver({ isApproved: false }, DOWN, AUTOMATIC, NOW)).toMatchObject({ verdict: 'go', code: 'ALLOWED' });
});

test.each<[string, Partial<FailOverFacts>, string, string]>([
  ['a restart that has the pool', { runningRun: 'clean-restart/shop/1' }, 'no', 'RESTART_RUNNING'],
  ['a machine that is well again', { activeIll: null }, 'no', 'RECOVERED'],
  ['a fail-over 59 minutes ago', { failedOverAtMs: [NOW - 59 * 60_000] }, 'ask', 'FLAPPING'],
  ['a pool that was stopped', { areBothOff: true }, 'ask', 'BOTH_OFF'],
  ['a standby that is ill as well', { standbyIll: 'it does not answer' }, 'later', 'STANDBY_ILL'],
])('%s holds it back', (_what, facts, verdict, code) => {
  expect(mayFailOver({ isApproved: false }, { ...DOWN, ...facts }, AUTOMATIC, NOW)).toMatchObject({ verdict, code });
});

test('an operator may approve another one, but not one to a standby that is ill', () => {
  const flapping = { ...DOWN, failedOverAtMs: [NOW - 1000] };

  expect(mayFailOver({ isApproved: true }, flapping, AUTOMATIC, NOW).verdict).toBe('go');
  expect(mayFailOver({ isApproved: true }, { ...flapping, standbyIll: 'off' }, AUTOMATIC, NOW)).toMatchObject({
    verdict: 'later',
    untilMs: NOW + 15_000,
  });
});

test('a wish of a machine that is not the active one any more is dropped', () => {
  expect(mayFailOver({ isApproved: false, machine: 'b' }, DOWN, AUTOMATIC, NOW).code).toBe('RESTARTED_SINCE');
  expect(mayFailOver({ isApproved: false, machine: 'a' }, DOWN, AUTOMATIC, NOW).code).toBe('ALLOWED');
});

test('after one that was declined or has failed the next one is asked for, and asked about again', () => {
  const asked = mayFailOver({ isApproved: false, mustAsk: true }, DOWN, AUTOMATIC, NOW);

  expect(asked).toMatchObject({ verdict: 'ask', code: 'DECLINED', untilMs: NOW + 5 * 60_000 });
  expect(mayFailOver({ isApproved: true, mustAsk: true }, DOWN, AUTOMATIC, NOW).code).toBe('ALLOWED');
});

test('one an hour ago is no flapping', () => {
  expect(mayFailOver({ isApproved: false }, { ...DOWN, failedOverAtMs: [NOW - HOUR] }, AUTOMATIC, NOW).verdict).toBe('go');
});

test('policy may want an approval, or no fail-over at all', () => {
  expect(mayFailOver({ isApproved: false }, DOWN, { failOver: 'approval' }, NOW).code).toBe('APPROVAL_NEEDED');
  expect(mayFailOver({ isApproved: true }, DOWN, { failOver: 'approval' }, NOW).verdict).toBe('go');
  expect(mayFailOver({ isApproved: true }, DOWN, { failOver: 'never' }, NOW).code).toBe('NO_FAIL_OVER');
});
