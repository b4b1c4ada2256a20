import { expect, test } from 'vitest';
import { verdict } from '../../chaos/verdict.js';
import type { WindowReport } from '../../demo/load/report.js';

const clean: WindowReport = {
  ...{ requests: 1000, failed: 0, sessionsLost: 0, updatesLost: 0 },
  ...{ longestWaitMs: 90, p50Ms: 4, p99Ms: 40, reasons: {} },
};
const finished = { outcome: 'finished', swaps: 1, swapped: true, report: clean, lastedMs: 5000, atStake: 8, rate: 100 };

test('a restart that finished and lost nothing is right', () => {
  expect(verdict({}, finished)).toEqual([]);
  expect(verdict({}, { ...finished, outcome: 'given back (MACHINE_NOT_READY)', swaps: 0, swapped: false })).toEqual([]);
});

test('a restart that was started anew after its swap has swapped the roles back', () => {
  expect(verdict({}, { ...finished, swaps: 2, swapped: false })).toEqual([]);
});

test.each([
  ['a request failed', { report: { ...clean, failed: 2, reasons: { 'status 503': 2 } } }, '2 requests failed: 2 × status 503.'],
  ['a session was lost', { report: { ...clean, sessionsLost: 1 } }, '1 sessions and 0 updates were lost.'],
  ['an update was lost', { report: { ...clean, updatesLost: 3 } }, '0 sessions and 3 updates were lost.'],
  ['it goes on for ever', { outcome: 'did not end' }, 'The restart did not end.'],
  ['it finished without a swap', { swapped: false }, '1 restarts have finished, and the roles are not swapped.'],
  ['it was given back after a swap', { outcome: 'given back (ABORTED)', swaps: 0 }, 'and the roles are swapped.'],
  ['a second one did not swap back', { swaps: 2 }, '2 restarts have finished, and the roles are swapped.'],
])('it is seen that %s', (_what, change, said) => {
  expect(verdict({}, { ...finished, ...change }).join()).toContain(said);
});

test('only a fault that says so may fail requests or lose sessions', () => {
  const report = { ...clean, failed: 2, sessionsLost: 1 };
  expect(verdict({ mayFail: 'its connections' }, { ...finished, report })).toEqual(['1 sessions and 0 updates were lost.']);
  expect(verdict({ mayFail: 'its connections', mayLose: 'its sessions' }, { ...finished, report })).toEqual([]);
});

test.each([
  ['more requests failed than were due meanwhile', { failed: 875 }, { failed: 876 }, '876 requests failed, where 875 may'],
  [
    'more sessions were lost than it had',
    { sessionsLost: 10 },
    { sessionsLost: 11 },
    '11 sessions and 0 updates were lost, where 10',
  ],
  [
    'the updates of more sessions were lost',
    { updatesLost: 1500 },
    { updatesLost: 1501 },
    '0 sessions and 1501 updates were lost',
  ],
  ['both were', { sessionsLost: 9, updatesLost: 150 }, { sessionsLost: 9, updatesLost: 151 }, '9 sessions and 151 updates were'],
])('it is seen that %s, whatever may be', (_what, most, more, said) => {
  const mayBoth = { mayFail: 'its connections', mayLose: 'its sessions' };
  expect(verdict(mayBoth, { ...finished, report: { ...clean, ...most } })).toEqual([]);
  expect(verdict(mayBoth, { ...finished, report: { ...clean, ...more } }).join()).toContain(said);
});

test('a machine that had no session takes none with it', () => {
  const report = { ...clean, sessionsLost: 1 };
  expect(verdict({ mayLose: 'its sessions' }, { ...finished, atStake: 0, report })).toHaveLength(1);
});

test('a fault whose moment did not come fails nothing', () => {
  const report = { ...clean, failed: 1 };
  expect(verdict({ mayFail: 'its connections' }, { ...finished, lastedMs: 0, report })).toHaveLength(1);
});
