import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Load } from '../../demo/load/run-load.js';
import { User } from '../../demo/load/user.js';
import type { Fault, FaultyShop } from '../fixtures/faulty-shop.js';
import { startFaultyShop } from '../fixtures/faulty-shop.js';

interface Seen {
  lostSessions: number;
  lostUpdates: number;
  repeatedUpdates: number;
}

function userOf(shop: FaultyShop): { user: User; seen: Seen } {
  const seen: Seen = { lostSessions: 0, lostUpdates: 0, repeatedUpdates: 0 };
  const events = {
    lostSession: () => seen.lostSessions++,
    lostUpdates: (count: number) => (seen.lostUpdates += count),
    repeatedUpdates: (count: number) => (seen.repeatedUpdates += count),
  };
  const user = new User('u', [shop.origin], events, 0);
  onTestFinished(() => user.close());
  return { user, seen };
}

const nothing: Seen = { lostSessions: 0, lostUpdates: 0, repeatedUpdates: 0 };
const cases: [Fault, Seen][] = [
  ['none', nothing],
  ['repeats a POST', { ...nothing, repeatedUpdates: 1 }],
  ['counts a POST twice', { ...nothing, repeatedUpdates: 1 }],
  // Whether an unanswered addition was executed nobody can know: it may be there, once.
  ['loses answers', nothing],
  ['forgets an item', { ...nothing, lostUpdates: 1 }],
  ['forgets the session', { ...nothing, lostSessions: 1 }],
  ['logs out', { ...nothing, lostSessions: 1 }],
];

test.each(cases)('of a shop that does this wrong: %s, a user sees exactly that, and once', async (fault, expected) => {
  const shop = await startFaultyShop();
  const { user, seen } = userOf(shop);
  for (const kind of ['look', 'add', 'login', 'soap', 'add', 'look'] as const) expect(await user.send(kind)).toBeNull();
  expect(seen).toEqual(nothing);

  shop.turn(fault);
  expect(await user.send('add')).toEqual(fault === 'loses answers' ? expect.stringMatching(/^add: \w/) : null);
  shop.turn('none');
  for (const kind of ['look', 'add', 'add', 'look'] as const) expect(await user.send(kind)).toBeNull();
  expect(seen).toEqual(expected);
});

test('what is executed twice counts as failed in the report', async () => {
  const shop = await startFaultyShop();
  const options = { users: 8, rate: 200, seed: 1, maxSeconds: 30, slowMs: 0, slowShare: 0 };
  const load = new Load({ ...options, origins: [shop.origin] });
  const running = load.run();
  onTestFinished(() => running);
  onTestFinished(() => load.stop());
  const window = async (fault: Fault): Promise<number> => {
    shop.turn(fault);
    load.beginWindow();
    await sleep(1000);
    const { failed, sessionsLost, updatesLost } = await load.endWindow();
    expect({ sessionsLost, updatesLost }).toEqual({ sessionsLost: 0, updatesLost: 0 });
    return failed;
  };
  expect(await window('none')).toBe(0);
  expect(await window('repeats a POST')).toBeGreaterThan(10);
});
