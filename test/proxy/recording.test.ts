// What becomes of an answer whose ids cannot be recorded: the client has its error, and nothing of it stays behind.

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { expect, test } from 'vitest';
import { report, startMovingPool } from '../fixtures/moving-pool.js';

const COOKIE = { 'set-cookie': 'sid=new' };

test('an answer that cannot be recorded in time is read to its end, and no longer counts as in flight', async () => {
  const body = Buffer.alloc(4 * 1024 * 1024);
  const running = await startMovingPool((_request, response) => response.writeHead(200, COOKIE).end(body), {
    requestTimeoutMs: 60_000,
  });
  await running.database.drop();

  expect((await fetch(running.proxy.url)).status).toBe(503);
  await expect.poll(async () => (await report(running)).inFlight['b']).toBe(0);
});

test('an upgrade that cannot be recorded in time is refused, and its tunnel does not stay', async () => {
  const running = await startMovingPool((_request, response) => response.end());
  let tunnelEnded = false;
  running.servers[1].on('upgrade', (_request, socket) => {
    socket.once('end', () => (tunnelEnded = true)).resume();
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\nSet-Cookie: sid=new\r\n\r\n');
  });
  await running.database.drop();

  const client = httpRequest(running.proxy.url, { headers: { upgrade: 'echo', connection: 'Upgrade' } }).end();
  const [answer] = (await once(client, 'response')) as [IncomingMessage];

  expect(answer.statusCode).toBe(503);
  await expect.poll(() => tunnelEnded).toBe(true);
  expect(await report(running)).toMatchObject({ inFlight: { b: 0 }, streams: { b: 0 } });
});
