// What the proxy does when there is too much of something.

import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openHold } from '../../state/hold.js';
import { reload, startMovingPool } from '../fixtures/moving-pool.js';
import { startTestProxy } from '../fixtures/proxy.js';

test('a full queue lets the hold go in its row instead of failing anybody', async () => {
  const running = await startMovingPool(undefined, { maxHeldRequests: 2, holdMaxMs: 60_000 });
  const holdId = await openHold(running.store, running.writer, { scope: 'all', keys: [], deadlineMs: 60_000 });
  await reload(running);

  const answers = await Promise.all([1, 2, 3].map((user) => fetch(running.proxy.url, { headers: { cookie: `sid=${user}` } })));

  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  const { rows } = await running.store.query<{ state: string }>('select state from hold where id = $1', [holdId]);
  expect(rows).toEqual([{ state: 'released' }]);
});

test('a queue that gets full while the rows are being asked lets the hold go afterwards', async () => {
  const running = await startMovingPool(undefined, { maxHeldRequests: 2, holdMaxMs: 60_000 });
  await openHold(running.store, running.writer, { scope: 'all', keys: [], deadlineMs: 60_000 });
  await reload(running);
  const ask = (user: number): Promise<Response> => fetch(running.proxy.url, { headers: { cookie: `sid=${user}` } });
  const held = async (): Promise<unknown> => ((await (await running.admin('/pools/shop')).json()) as { held: number }).held;
  const client = await running.store.connect();
  try {
    const answers = [ask(1), ask(2)];
    await expect.poll(held).toBe(2);
    await client.query('begin');
    await client.query('lock table hold in access exclusive mode');
    await expect
      .poll(async () => (await client.query("select 1 from pg_locks where relation = 'hold'::regclass and not granted")).rowCount)
      .toBeGreaterThan(0);
    answers.push(ask(3));
    await expect.poll(held).toBe(3);
    await client.query('rollback');

    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
  } finally {
    client.release();
  }
});

test('a request for which no connection gets free is answered 503 in time, and is not sent any more', async () => {
  const reached: (string | undefined)[] = [];
  const answers: ServerResponse[] = [];
  const { proxy, admin } = await startTestProxy(
    (request, response) => {
      reached.push(request.url);
      answers.push(response);
    },
    { maxConnections: 1, requestTimeoutMs: 1500 },
  );
  const first = fetch(`${proxy.url}/first`);
  await expect.poll(() => answers.length).toBe(1);
  // It goes on sending, or its own time would be over too, and its connection free.
  const sending = setInterval(() => answers[0]?.write('still '), 300);
  onTestFinished(() => clearInterval(sending));

  const second = await fetch(`${proxy.url}/second`);

  expect(second.status).toBe(503);
  expect(await second.json()).toMatchObject({ code: 'UPSTREAM_BUSY' });
  const report = (await (await admin('/pools/shop')).json()) as { inFlight: Record<string, number> };
  expect(report.inFlight['a']).toBe(1);
  clearInterval(sending);
  answers[0]?.end('there');
  expect(await (await first).text()).toMatch(/^(still )+there$/);
  expect(reached).toEqual(['/first']);
});

test('event streams leave the connections to ordinary requests', async () => {
  const { proxy } = await startTestProxy(
    (request, response) => {
      if (request.url !== '/events') return void response.end('served');
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    },
    { maxConnections: 1 },
  );
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const streams = [1, 2, 3].map(() =>
    fetch(`${proxy.url}/events`, { headers: { accept: 'text/event-stream' }, signal: stop.signal }),
  );
  expect((await Promise.all(streams)).map(({ status }) => status)).toEqual([200, 200, 200]);

  expect(await (await fetch(proxy.url)).text()).toBe('served');
});

test('a body that never begins is answered 408, and the machine never hears of the request', async () => {
  const reached: (string | undefined)[] = [];
  const { proxy } = await startTestProxy(
    (request, response) => {
      reached.push(request.url);
      response.end();
    },
    { requestTimeoutMs: 1000 },
  );
  const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  socket.write('POST /upload HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\n');

  await expect.poll(() => received, { timeout: 10_000 }).toContain('HTTP/1.1 408');
  expect(reached).toEqual([]);
  socket.destroy();
});

test('an early answer to an upload reaches its client, whose connection then ends', async () => {
  const { proxy } = await startTestProxy((_request, response) => {
    response.writeHead(413, { 'content-length': 8 }).end('too much');
  });
  const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  socket.on('error', () => undefined);
  socket.write('POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 5000000\r\n\r\nbegin');

  await expect.poll(() => received).toContain('too much');
  expect(received.toLowerCase()).toContain('connection: close');
  await expect.poll(() => socket.destroyed || socket.readableEnded).toBe(true);
});
