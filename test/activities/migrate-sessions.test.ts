import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { cutOver } from '../../activities/cut-over.js';
import { moveWhatIsQuiet } from '../../activities/migrate-sessions.js';
import { standbyKeys } from '../../state/session-owner.js';
import type { AttemptedPool } from '../fixtures/attempts.js';
import { startAttempts, startToMove } from '../fixtures/attempts.js';
import { report } from '../fixtures/moving-pool.js';
import { openStream } from '../fixtures/open-stream.js';

const use = ({ proxy }: AttemptedPool, cookie: string): Promise<Response> => fetch(proxy.url, { headers: { cookie } });
const moved = async ({ store }: AttemptedPool): Promise<number> => (await standbyKeys(store, 'shop')).size;

// Found by the model of test/protocol: its scenario `a session was renamed before the move`.
test('nothing moves by name while a request from before the move runs: a log-in may have renamed its session', async () => {
  const slow: ServerResponse[] = [];
  const running = await startAttempts(
    (request, response) => void (request.url === '/slow' ? slow.push(response) : response.end()),
    {},
    'steady',
  );
  const begun = fetch(`${running.proxy.url}/slow`, { headers: { cookie: 'sid=old' } });
  await expect.poll(() => slow.length).toBe(1);
  await startToMove(running);
  await use(running, 'sid=renamed');

  await running.attempt(moveWhatIsQuiet);
  expect(await moved(running)).toBe(0);

  slow[0]?.end();
  await begun;
  await expect.poll(async () => (await report(running)).inFlight['a']).toBe(0);
  await running.attempt(moveWhatIsQuiet);
  expect(await moved(running)).toBe(1);
});

// Found by the model of test/protocol: its scenario `a session with a stream was renamed before the move`.
test('nothing moves by name while a stream from before the move is open: a log-in may have renamed its session', async () => {
  const running = await startAttempts((_request, response) => void response.end(), {}, 'steady');
  const socket = await openStream(running, 'sid=old');
  await startToMove(running);
  await use(running, 'sid=renamed');

  await running.attempt(moveWhatIsQuiet);
  expect(await moved(running)).toBe(0);

  const closed = once(socket, 'close');
  const sealed = await running.attempt((attempt) =>
    cutOver(attempt, { scope: 'all', pickedUpMs: null, limit: Infinity, seal: 'when-empty' }),
  );
  expect(sealed).toMatchObject({ sealed: true, streamsClosed: 1 });
  await closed;
});

test('a stream from before the move that names no session keeps no other one', async () => {
  const running = await startAttempts((_request, response) => void response.end(), {}, 'steady');
  await openStream(running, 'theme=dark');
  await startToMove(running);
  await use(running, 'sid=other');

  await running.attempt(moveWhatIsQuiet);

  expect(await moved(running)).toBe(1);
});

test('a session that a log-in renames while its stream is open stays with the stream, and others move', async () => {
  const running = await startAttempts((request, response) => {
    if (request.url === '/log-in') response.setHeader('set-cookie', 'sid=renamed; Path=/');
    response.end();
  });
  await openStream(running, 'sid=old');
  await fetch(`${running.proxy.url}/log-in`, { headers: { cookie: 'sid=old' } });
  await use(running, 'sid=renamed');
  await use(running, 'sid=other');

  await running.attempt(moveWhatIsQuiet);

  expect(await moved(running)).toBe(1);
});

test.each([
  [true, 0],
  [false, 3],
])(
  'where a server moves as a whole, whether sessions in memory have streams (%s) decides on holds of those in use',
  async (haveStreams, holds) => {
    const streaming: string[][] = [];
    let held = 0;
    const running = await startAttempts(
      (request, response) => {
        if (request.url === '/log-in') response.setHeader('set-cookie', 'sid=renamed; Path=/');
        response.end();
      },
      {
        holds: 'all',
        prepareIdle: async (_pair, find) => {
          streaming.push([...(await find())]);
          return { keys: [], haveStreams };
        },
        handOver: () => {
          held++;
          return Promise.resolve([]);
        },
      },
    );
    await openStream(running, 'sid=old');
    await fetch(`${running.proxy.url}/log-in`, { headers: { cookie: 'sid=old' } });
    await use(running, 'sid=other');

    await running.attempt(moveWhatIsQuiet);

    expect(held).toBe(holds);
    // The key that the stream came with, and the one that its session has now.
    expect(streaming.map((keys) => keys.length)).toEqual([2, 2, 2]);
  },
);
