// Sessions with a WebSocket are named to a plain server that stands for Tomcat, while a pass would run.

import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { notMovable } from '../../activities/errors.js';
import { nameToTomcat } from '../../activities/sessions/canary-visit.js';
import { keepingAwake } from '../../activities/sessions/keep-awake.js';
import type { Lane } from '../../activities/sessions/tomcat-lane.js';
import { TomcatSessions } from '../../activities/sessions/tomcat-sessions.js';
import { createSessionKeyHash } from '../../state/session-key.js';

const FOREVER_MS = 2 ** 31 - 1;
const { signal } = new AbortController();
const asLongAsMay = (_restS: number, awake: AbortSignal): Promise<void> => sleep(FOREVER_MS, undefined, { signal: awake });

/** A context on a server that tells which sessions were named to it. */
async function startTomcat(answer: (id: string, ...call: Parameters<RequestListener>) => void): Promise<{
  lane: Lane;
  named: string[];
}> {
  const named: string[] = [];
  const server = createServer((request, response) => {
    const id = request.headers.cookie?.split('=')[1] ?? '';
    named.push(id);
    answer(id, request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const machine = { name: 'a', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  // What naming needs of it.
  const from = { machine, manager: { context: '/shop' }, sessionCookies: ['sid'] } as unknown as Lane['from'];
  return { lane: { context: '/shop', from } as Lane, named };
}

/** Finds a session, and from then on nobody can be asked. */
function findOnce(lane: Lane): () => Promise<[Lane, string[]][]> {
  let asked = 0;
  return () => (++asked === 1 ? Promise.resolve([[lane, ['one']]]) : Promise.reject(new Error('a proxy is gone')));
}

const timesOf = (id: string, named: readonly string[]): number => named.filter((one) => one === id).length;

test('while they cannot be found anew the last known are named, and the pass ends before others could rest long enough', async () => {
  const { lane, named } = await startTomcat((_id, _request, response) => response.end());
  const find = findOnce(lane);

  await expect(keepingAwake(find, signal, asLongAsMay)).rejects.toMatchObject({
    ...{ code: 'TOMCAT_UNREACHABLE', retryable: true, message: expect.stringContaining('a proxy is gone') as string },
  });
  expect(timesOf('one', named)).toBeGreaterThan(1);
});

test('one that cannot be named keeps no other from being named, and the pass ends', async () => {
  const { lane, named } = await startTomcat((id, { socket }, response) => {
    if (id === 'refused' && timesOf(id, named) > 1) socket.destroy();
    else response.end();
  });
  const ids = ['refused', ...Array.from({ length: 20 }, (_, index) => `other-${index}`)];

  await expect(keepingAwake(() => Promise.resolve([[lane, ids]]), signal, asLongAsMay)).rejects.toMatchObject({
    ...{ code: 'TOMCAT_UNREACHABLE', retryable: true },
  });
  // More than are named together with it; the last of a round may miss it where the machine is slow.
  expect(ids.filter((id) => timesOf(id, named) > 1).length).toBeGreaterThan(10);
});

test('naming goes on for as long as it succeeds, and ends within a round when the pass is over', async () => {
  const { lane, named } = await startTomcat((_id, _request, response) => void setTimeout(() => response.end(), 20));
  const ids = Array.from({ length: 200 }, (_, index) => `one-${index}`);
  const untilNamedAgain = async (restS: number, awake: AbortSignal): Promise<string> => {
    await sleep((restS + 1) * 1000, undefined, { signal: awake });
    const rounds = Math.ceil(named.length / ids.length);
    while (named.length <= rounds * ids.length) await sleep(1, undefined, { signal: awake });
    return 'done';
  };

  expect(await keepingAwake(() => Promise.resolve([[lane, ids]]), signal, untilNamedAgain)).toBe('done');
  expect(named.length % ids.length).toBeGreaterThan(0);
});

test('what the pass itself fails with is told as it is', async () => {
  const failure = new Error('the pass has failed');

  await expect(
    keepingAwake(
      () => Promise.resolve([]),
      signal,
      () => Promise.reject(failure),
    ),
  ).rejects.toBe(failure);
});

test('what no repetition of the pass would mend is told, also when it is found because the pass was ended', async () => {
  const { lane } = await startTomcat((_id, _request, response) => response.end());
  const find = findOnce(lane);
  const failure = notMovable('They are nowhere.', 'Look for them.');

  await expect(
    keepingAwake(find, signal, (restS, awake) =>
      asLongAsMay(restS, awake).catch(() => {
        throw failure;
      }),
    ),
  ).rejects.toBe(failure);
});

test('sessions that a pass took out before it broke off, and that are nowhere, are noticed', async () => {
  let inMemory = ['one', 'two'];
  const { lane } = await startTomcat((id, _request, response) => {
    // Tomcat finds it where it put it.
    inMemory.push(id);
    response.end();
  });
  const from = {
    ...lane.from,
    manager: { context: '/shop', sessionIds: () => Promise.resolve([...inMemory]) },
    store: { place: 'its store', ids: () => Promise.resolve([]) },
  } as unknown as Lane['from'];
  const pass = (): Promise<void> => {
    inMemory = [];
    return Promise.reject(new Error('the pass was broken off'));
  };

  await expect(
    new TomcatSessions(createSessionKeyHash('test'), 'suffix-dot').swapOut([{ ...lane, from }], pass, AbortSignal.abort()),
  ).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
    message: expect.stringContaining('2 sessions left the memory') as string,
  });
});

test('no answer to a session that is named may pass', async () => {
  const { lane } = await startTomcat((_id, { socket }) => socket.destroy());

  await expect(nameToTomcat(lane.from, 'one')).rejects.toMatchObject({ code: 'MACHINE_UNREACHABLE', retryable: true });
});
