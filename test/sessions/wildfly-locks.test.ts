// What the barrier of a WildFly cluster believes of threads that do not come to rest. The real servers are in test/servers/wildfly.test.ts.

import { expect, test } from 'vitest';
import type { WildflyPair } from '../../activities/sessions/servers/wildfly-barrier.js';
import { createLockBarrier } from '../../activities/sessions/servers/wildfly-locks.js';
import type { WildflyState } from '../../activities/sessions/servers/wildfly-state.js';

const { signal } = new AbortController();

interface Frame {
  class: string;
  method: string;
  native?: boolean;
}
const SERVLET: Frame = { class: 'io.undertow.servlet.handlers.ServletHandler', method: 'handleRequest' };
const SAVE: Frame = { class: 'org.wildfly.clustering.web.undertow.session.DistributableSession', method: 'requestDone' };

const thread = (id: number, state: string, ...stack: Frame[]): object => ({
  ...{ 'thread-id': id, 'thread-state': state },
  'stack-trace': stack.map((each) => ({
    ...{ 'class-name': each.class, 'method-name': each.method },
    'native-method': each.native ?? false,
  })),
});

/** Never at rest by its count, with these threads at the looks one after the other; the session KEY is listed and its lock is free. */
function pairWith(...looks: object[][]): WildflyPair {
  const state = {
    name: 'a',
    management: { machine: { name: 'a' }, ask: () => Promise.resolve(looks.length > 1 ? looks.shift() : looks[0]) },
    work: () => Promise.resolve({ threads: 1, locks: 0 }),
    sessionIds: () => Promise.resolve(['KEY']),
    awaitLocks: () => Promise.resolve(true),
  } as unknown as WildflyState;
  return { primary: state, standby: state };
}

const busy = (id: number): object => thread(id, 'RUNNABLE', SERVLET);

test.each([
  ['others begin, and whoever was at work has ended', [[busy(1)], [busy(1), busy(2)], [busy(2)]], ['KEY', 'OTHER']],
  ['a thread neither ends nor waits', [[busy(1)]], []],
  ['a thread waits for the commit of its session', [[thread(1, 'WAITING', SAVE, SERVLET)]], []],
  [
    'a thread may have just written an answer',
    [[thread(1, 'RUNNABLE', { class: 'sun.nio.ch.SocketDispatcher', method: 'write0', native: true }, SERVLET)]],
    [],
  ],
  // Such requests may last as long as they like. What is not listed may be theirs.
  ['a thread sleeps in the application', [[thread(1, 'TIMED_WAITING', SERVLET)]], ['KEY']],
  [
    'a thread waits for a client that reads slowly',
    [[thread(1, 'RUNNABLE', { class: 'sun.nio.ch.EPoll', method: 'wait', native: true }, SERVLET)]],
    ['KEY'],
  ],
  [
    'a thread waits for a database',
    [[thread(1, 'RUNNABLE', { class: 'sun.nio.ch.Net', method: 'poll', native: true }, SERVLET)]],
    ['KEY'],
  ],
])('while %s, no more is taken for saved than is', async (_what, looks, saved) => {
  const barrier = createLockBarrier('web', (id) => id);

  expect(await barrier.saved(pairWith(...looks), ['KEY', 'OTHER'], signal)).toEqual(saved);
});
