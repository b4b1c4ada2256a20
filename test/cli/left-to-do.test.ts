import { expect, test } from 'vitest';
import { leftToDo } from '../../cli/left-to-do.js';

type Seen = Parameters<typeof leftToDo>[0];

const times = { holdMs: { p50: 0, p99: 0, max: 0 }, holdsExpired: 0, sessionsMoved: 1, tookMs: 1 };
const restart = { ...times, from: 'a', to: 'b' };
const failOver = { from: 'a', to: 'b', failedOver: { saved: 1, lost: 0, reason: null, isBack: false }, tookMs: 1 };

/** After `result`, with machine a as the standby, which is off unless told otherwise. */
function seen(result: object, trouble: string | null = 'refused', answers = false): Seen {
  const machine = { name: 'a', url: 'http://127.0.0.1:1', answers, trouble };
  const lastRestart = { finishedAt: new Date(0), result } as Seen['lastRestart'];
  return { pool: 'shop', run: null, standby: 'a', machines: [machine], lastRestart };
}

test('a machine that a skipped step has left ill is named with the command that starts it, until it is well', () => {
  const skipped = { ...restart, skipped: { reason: null, restarted: null } };

  expect(leftToDo(seen(skipped))).toBe('mend a, which is the standby, and start it: vm-rejuv boot shop');
  expect(leftToDo(seen(failOver))).toMatch(/^mend a, .* once every proxy answers: vm-rejuv boot shop$/);
  expect(leftToDo(seen(skipped, null, true))).toBeNull();
  expect(leftToDo(seen(failOver, null, true))).toBeNull();
  // A cold standby is off between restarts.
  expect(leftToDo(seen(failOver, null))).toBeNull();
});

test('one that runs as aged as it was is to be restarted while it is the standby', () => {
  const aged = { ...restart, skipped: { reason: null, restarted: false } };

  expect(leftToDo(seen(aged, null, true))).toMatch(/^restart a by its hypervisor/);
  expect(leftToDo({ ...seen(aged, null, true), standby: 'b' })).toBeNull();
});

test('nothing is left by what was not skipped, nor while something has the pool', () => {
  const skipped = { ...restart, skipped: { reason: null, restarted: null } };

  expect(leftToDo(seen(restart))).toBeNull();
  expect(leftToDo(seen({ ...failOver, failedOver: { ...failOver.failedOver, isBack: true } }))).toBeNull();
  expect(leftToDo({ ...seen(skipped), run: 'clean-restart/shop/1' })).toBeNull();
});
