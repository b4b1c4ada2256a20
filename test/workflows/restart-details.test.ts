import { expect, test } from 'vitest';
import { describeDrain, describeStatus } from '../../workflows/restart-details.js';
import type { RestartStatus } from '../../workflows/steps.js';
import { CLEAN_RESTART, STEPS } from '../../workflows/steps.js';

/** `done` of the steps have ended, and the next one runs. */
function statusAfter(done: number, change: Partial<RestartStatus> = {}): RestartStatus {
  return {
    ...{ pool: 'shop', reason: 'heap full in 20 minutes', step: STEPS[done] ?? 'swapRoles', stepStartedAtMs: 0 },
    steps: STEPS.map((name, index) => ({ name, ms: index < done ? 100 : null })),
    ...{ skipped: [], waiting: null, waitingSinceMs: null, code: null, found: {}, failure: null },
    ...change,
  };
}

test('the details tell why it was begun, what each step came to, and which runs', () => {
  const details = describeStatus(CLEAN_RESTART, statusAfter(3, { found: { migrateSessions: "204 sessions are the standby's" } }));

  expect(details).toContain('Begun because: heap full in 20 minutes');
  expect(details).toMatch(/\*\*migrateSessions\*\* \(done in 100 ms\).*\*\*204 sessions/);
  expect(details).toMatch(/\*\*awaitDrain\*\* \(running\)/);
  expect(details).toMatch(/\*\*swapRoles\*\* \(to do\)/);
});

test.each<[string, RestartStatus, RegExp]>([
  ['before the standby takes traffic', statusAfter(1), /none is needed; .*`abort`/],
  ['after it', statusAfter(2), /none, it can only go forward now/],
  [
    'of one that waits',
    statusAfter(4, { waiting: 'node-a did not get ready.', waitingSinceMs: 0 }),
    /\*\*Waits for you\*\*, as of 1970-.*node-a[^]*yours: send the update `retry`.*or `skip`[^]*\*\*restartPrimary\*\* \(waits for you\)/,
  ],
  ['of one that has ended', statusAfter(6), /none, it has ended well/],
  [
    'of one that has ended without a step',
    statusAfter(6, {
      skipped: ['restartPrimary'],
      steps: STEPS.map((name) => ({ name, ms: name === 'restartPrimary' ? null : 100 })),
    }),
    /yours: see that the machine .* `vm-rejuv boot shop` starts[^]*\*\*restartPrimary\*\* \(skipped\)/,
  ],
  [
    'of one that was given up',
    statusAfter(0, { failure: { code: 'NO_PROXY', message: 'No proxy.' } }),
    /\*\*Given up\*\* \(NO_PROXY\): No proxy\.[^]*\*\*bootStandby\*\* \(failed\)/,
  ],
])('the details tell the next decision %s', (_when, status, expected) => {
  expect(describeStatus(CLEAN_RESTART, status)).toMatch(expected);
});

test('a drain tells how long requests were held, and what stayed behind', () => {
  const held = { holdMs: { p50: 4, p99: 30, max: 41 }, holdsExpired: 2 };
  expect(describeDrain({ notMoved: 3, streamsClosed: 1, holds: held })).toBe(
    'requests held: p50 4 ms, p99 30 ms, longest 41 ms, 2 answered 503, 1 streams closed, 3 sessions stay behind',
  );
  expect(describeDrain({ notMoved: 0, streamsClosed: 0, holds: { holdMs: { p50: 0, p99: 0, max: 0 }, holdsExpired: 0 } })).toBe(
    'no request had to be held',
  );
  // A worker of an earlier version did not ask.
  expect(describeDrain({ notMoved: 0, streamsClosed: 0 })).toContain('no proxy tells');
});
