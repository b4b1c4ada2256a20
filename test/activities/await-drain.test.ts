import { once } from 'node:events';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, onTestFinished, test } from 'vitest';
import { awaitDrain } from '../../activities/await-drain.js';
import { closeStreamsInTheWay } from '../../activities/migrate-sessions.js';
import type { HandOverScope } from '../../activities/sessions/mechanism.js';
import { readPool } from '../../state/pool.js';
import type { AttemptedPool } from '../fixtures/attempts.js';
import { startAttempts, startToMove } from '../fixtures/attempts.js';
import { openStream } from '../fixtures/open-stream.js';

/** Longer than a hold waits: some request is always in flight at the end of one. */
const ANSWER_MS = 300;

/** Users who each ask again as soon as they are answered: fewer than may wait in the gate at once, or it lets holds go. */
function keepAsking({ proxy }: AttemptedPool, users: number): void {
  let isOver = false;
  const ask = async (user: number): Promise<void> => {
    while (!isOver) await (await fetch(proxy.url, { headers: { cookie: `sid=user-${user}` } })).text();
  };
  const all = Array.from({ length: users }, (_, user) => ask(user));
  onTestFinished(async () => {
    isOver = true;
    await Promise.allSettled(all);
  });
}

test('a stream from before the move does not keep a busy pool on its primary: it is closed, and sessions go as they are quiet', async () => {
  const running = await startAttempts((_request, response) => void setTimeout(() => response.end(), ANSWER_MS), {}, 'steady');
  const socket = await openStream(running, 'sid=streaming');
  const closed = once(socket, 'close');
  await startToMove(running);
  keepAsking(running, 8);

  const drain = await new MockActivityEnvironment().run(() => awaitDrain(running.deps, 'shop'));

  expect(drain).toMatchObject({ notMoved: 0, streamsClosed: 1 });
  expect(await readPool(running.store, 'shop')).toMatchObject({ phase: 'sealed' });
  await closed;
}, 60_000);

test('where a server moves as a whole, streams are closed beside a request that runs, and all go whose requests have ended', async () => {
  const scopes: HandOverScope[] = [];
  const running = await startAttempts((_request, response) => void setTimeout(() => response.end(), ANSWER_MS), {
    holds: 'all',
    pickedUpMs: 20,
    handOver: (_pair, scope) => {
      scopes.push(scope);
      return Promise.resolve([]);
    },
  });
  await openStream(running, 'sid=streaming');
  keepAsking(running, 1);

  expect(await running.attempt(closeStreamsInTheWay)).toBe(1);

  expect(scopes).toMatchObject([{ held: 'all', limit: Infinity, running: 1, streaming: new Set() }]);
});
