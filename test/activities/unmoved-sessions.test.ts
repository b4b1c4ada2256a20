// What proxies say is made up here: test/servers/none.test.ts and test/restart/no-mechanism.test.ts ask real ones.

import { expect, test } from 'vitest';
import type { ProxyFleet } from '../../activities/proxy-fleet.js';
import { UnmovedSessions } from '../../activities/unmoved-sessions.js';
import type { SeenKeys } from '../../proxy/admin-api.js';

const IDLE_MS = 50;
const LONG_MS = 600_000;

const proxy = (incarnation: string, given: Partial<SeenKeys> = {}): SeenKeys => ({
  ...{ incarnation, keys: [], together: [], usedAgoMs: null, sessions: [], knowsSinceMs: LONG_MS },
  ...given,
});

function told(...answers: SeenKeys[][]): UnmovedSessions {
  let turn = 0;
  const next = (): Promise<SeenKeys[]> => Promise.resolve(answers[Math.min(turn++, answers.length - 1)] ?? []);
  return new UnmovedSessions({ seenStreams: next, seenKeys: next } as unknown as ProxyFleet, IDLE_MS);
}

/** Polled, as who is asked first may not have known for long enough. */
const untilInUse = (unmoved: UnmovedSessions, isInUse: boolean): Promise<void> =>
  expect.poll(() => unmoved.areInUse(), { interval: 10 }).toBe(isInUse);

test('sessions are in use while one was used of late, or has a stream', async () => {
  await untilInUse(told([proxy('a', { usedAgoMs: LONG_MS }), proxy('b')]), false);
  const used = told([proxy('a', { usedAgoMs: LONG_MS }), proxy('b', { usedAgoMs: 1 })]);
  const streaming = told([proxy('a', { streaming: ['key'] })]);

  for (const end = performance.now() + 2 * IDLE_MS; performance.now() < end;) {
    expect(await used.areInUse()).toBe(true);
    expect(await streaming.areInUse()).toBe(true);
  }
});

test('where a proxy has gone or come, its users may be about to come again: it is waited for as long as they may rest', async () => {
  const unmoved = told([proxy('a')], [proxy('a')], [proxy('b')]);
  await unmoved.areInUse();
  await unmoved.areInUse();

  expect(await unmoved.areInUse()).toBe(true);
  await untilInUse(unmoved, false);
});

test('an attempt that goes on with the step does not wait anew for the same proxies', async () => {
  const proxies = (name: string): UnmovedSessions =>
    new UnmovedSessions({ seenStreams: () => Promise.resolve([proxy(name)]) } as unknown as ProxyFleet, LONG_MS, {
      proxies: 'a',
      proxiesSinceMs: Date.now() - 2 * LONG_MS,
    });

  expect(await proxies('a').areInUse()).toBe(false);
  expect(await proxies('b').areInUse()).toBe(true);
});

test('a session that several proxies know is counted once, whatever its ids', async () => {
  const unmoved = told([
    proxy('a', { sessions: [['one', 'after log-in'], ['two']] }),
    proxy('b', { sessions: [['after log-in'], ['three']] }),
  ]);

  expect(await unmoved.count(0)).toBe(3);
});

test('there is no count where a proxy has gone, has come meanwhile, or does not tell', async () => {
  const left = told([proxy('a'), proxy('b')], [proxy('b')]);
  await left.areInUse();
  expect(await left.count(0)).toBeNull();
  expect(await told([proxy('a', { knowsSinceMs: 2000 + IDLE_MS / 2 })]).count(2000)).toBeNull();
  const { incarnation, keys, together, usedAgoMs } = proxy('a');
  expect(await told([{ incarnation, keys, together, usedAgoMs }]).count(0)).toBeNull();
  expect(await told([proxy('a')]).count(2000)).toBe(0);
});
