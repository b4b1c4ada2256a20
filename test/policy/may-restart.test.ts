import { expect, test } from 'vitest';
import type { Facts, Policy, Wanted } from '../../policy/may-restart.js';
import { mayRestart } from '../../policy/may-restart.js';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-29T12:00:00Z');
const policy: Policy = {
  ...{ mode: 'automatic', timeZone: 'UTC', maintenance: [], blackout: [] },
  ...{ cooldownMs: HOUR, mostPerDay: 2, maxAgeMs: 24 * HOUR, failOver: 'automatic' },
};
const facts: Facts = { runningRun: null, standbyIll: null, endedAtMs: [], activeSinceMs: NOW - 100 * HOUR, isRestarted: false };
const wanted: Wanted = { by: 'aging', reason: null, force: false, isApproved: false, sinceMs: NOW - 60_000 };

test.each<[string, Partial<Wanted>, Partial<Facts>, Partial<Policy>, object]>([
  ['nothing speaks against it', {}, {}, {}, { verdict: 'go' }],
  ['one runs', { force: true }, { runningRun: 'clean-restart/shop/r' }, {}, { verdict: 'no', code: 'RESTART_RUNNING' }],
  [
    'the standby is ill',
    { force: true },
    { standbyIll: 'it is off' },
    {},
    { verdict: 'later', code: 'STANDBY_ILL', untilMs: NOW + 5 * 60_000 },
  ],
  [
    'what was meant was restarted since',
    { sinceMs: NOW - HOUR },
    { activeSinceMs: NOW - HOUR / 2, isRestarted: true },
    {},
    { verdict: 'no', code: 'RESTARTED_SINCE' },
  ],
  [
    'what was meant was restarted before',
    { sinceMs: NOW - HOUR / 4 },
    { activeSinceMs: NOW - HOUR / 2, isRestarted: true },
    {},
    { verdict: 'go' },
  ],
  [
    'approval is asked for before its time has come',
    {},
    {},
    { mode: 'approval', blackout: [{ days: ['sun'], from: '11:00', to: '14:00' }] },
    { verdict: 'ask' },
  ],
  [
    'approved before its time, it waits for that',
    { isApproved: true },
    {},
    { mode: 'approval', blackout: [{ days: ['sun'], from: '11:00', to: '14:00' }] },
    { verdict: 'later', code: 'BLACKOUT' },
  ],
  [
    'the last one has just ended',
    {},
    { endedAtMs: [NOW - 30 * 60_000] },
    {},
    { verdict: 'later', code: 'COOLDOWN', untilMs: NOW + 30 * 60_000 },
  ],
  ['the last one has cooled down', {}, { endedAtMs: [NOW - HOUR] }, {}, { verdict: 'go' }],
  [
    'there were enough for a day',
    {},
    { endedAtMs: [NOW - 23 * HOUR, NOW - 5 * HOUR] },
    {},
    { verdict: 'later', code: 'MOST_PER_DAY', untilMs: NOW + HOUR },
  ],
  ['those of yesterday do not count', {}, { endedAtMs: [NOW - 25 * HOUR, NOW - 5 * HOUR] }, {}, { verdict: 'go' }],
  [
    'it is a blackout',
    {},
    {},
    { blackout: [{ days: ['sun'], from: '11:00', to: '14:00' }] },
    { verdict: 'later', code: 'BLACKOUT', untilMs: NOW + 2 * HOUR },
  ],
  [
    'it is no maintenance window',
    {},
    {},
    { maintenance: [{ days: ['sun'], from: '13:00', to: '14:00' }] },
    { verdict: 'later', code: 'OUTSIDE_MAINTENANCE', untilMs: NOW + HOUR },
  ],
  [
    'an operator wants it all the same',
    { by: 'operator', force: true },
    { endedAtMs: [NOW, NOW] },
    { blackout: [{ days: ['sun'], from: '11:00', to: '14:00' }] },
    { verdict: 'go' },
  ],
  ['policy wants approval', {}, {}, { mode: 'approval' }, { verdict: 'ask' }],
  ['it was approved', { isApproved: true }, {}, { mode: 'approval' }, { verdict: 'go' }],
  ['an operator needs no approval', { by: 'operator' }, {}, { mode: 'approval' }, { verdict: 'go' }],
  ['it is too young', { by: 'age' }, { activeSinceMs: NOW - 23 * HOUR }, {}, { verdict: 'no', code: 'NOT_AGED' }],
  ['it is old', { by: 'age' }, { activeSinceMs: NOW - 24 * HOUR }, {}, { verdict: 'go' }],
  ['there is no limit of age', { by: 'age' }, {}, { maxAgeMs: null }, { verdict: 'no', code: 'NO_AGE_LIMIT' }],
])('%s', (_why, want, known, rules, expected) => {
  expect(mayRestart({ ...wanted, ...want }, { ...facts, ...known }, { ...policy, ...rules }, NOW)).toMatchObject(expected);
});

test('of several that speak against it, the one that lasts longest is told', () => {
  const both = { blackout: [{ days: ['sun' as const], from: '11:00', to: '18:00' }] };

  expect(mayRestart(wanted, { ...facts, endedAtMs: [NOW] }, { ...policy, ...both }, NOW)).toMatchObject({
    code: 'BLACKOUT',
    untilMs: NOW + 6 * HOUR,
  });
});
