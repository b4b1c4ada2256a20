import { once } from 'node:events';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openHold, releaseHold } from '../../state/hold.js';
import { reload, report, startMovingPool } from '../fixtures/moving-pool.js';
import { startTestProxy } from '../fixtures/proxy.js';
import { connectTo, raw } from '../fixtures/raw-http.js';

/** Far above what sockets buffer, so that a proxy that takes everything in is told from one that waits. */
const LARGE_BYTES = 96 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024);
/** What broke off counts as running for so long. */
const BRIEF = { requestTimeoutMs: 500 };
const GET = 'GET / HTTP/1.1\r\nHost: shop\r\n';

function abort(client: ClientRequest): Promise<void> {
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  client.on('error', () => undefined).destroy();
  return closed;
}

test('a client that aborts in the middle of an upload aborts it at the machine, and the next one is served', async () => {
  let upload: IncomingMessage | undefined;
  const running = await startTestProxy((request, response) => {
    if (request.method === 'GET') return void response.end('served');
    upload = request.on('error', () => undefined).resume();
  }, BRIEF);
  const client = httpRequest(running.proxy.url, { method: 'POST', headers: { 'content-length': 1000 } });
  client.write('first');
  await expect.poll(() => upload !== undefined).toBe(true);

  await abort(client);

  await expect.poll(() => upload?.errored?.message).toBe('aborted');
  await expect.poll(async () => (await report(running)).unanswered['a']).toBe(0);
  expect(await (await fetch(running.proxy.url)).text()).toBe('served');
});

test('an answer that was read whole keeps nothing in memory until its time-out', async () => {
  const requestTimeoutMs = 54_321;
  const { proxy } = await startTestProxy((_request, response) => response.end('served'), { requestTimeoutMs });
  const timers = vi.spyOn(globalThis, 'setTimeout');
  onTestFinished(() => timers.mockRestore());
  const kept = (): unknown[] => timers.mock.calls.filter(([, ms]) => ms === requestTimeoutMs);

  for (let count = 0; count < 5; count++) expect(await (await fetch(proxy.url)).text()).toBe('served');
  expect(kept()).toEqual([]);

  // The control: the answer that a client has not waited for is awaited for so long.
  let reached = false;
  const silent = await startTestProxy(() => void (reached = true), { requestTimeoutMs });
  const waits = httpRequest(silent.proxy.url).end();
  await expect.poll(() => reached).toBe(true);
  await abort(waits);
  await expect.poll(kept).toHaveLength(1);
});

test('a client that leaves the gate is no longer counted and never reaches a machine', async () => {
  const reached: (string | undefined)[] = [];
  const running = await startMovingPool((request, response) => {
    reached.push(request.url);
    response.end('served');
  });
  const holdId = await openHold(running.store, running.writer, { scope: 'all', keys: [], deadlineMs: 60_000 });
  await reload(running);
  const ask = (path: string): ClientRequest =>
    httpRequest(`${running.proxy.url}${path}`, { headers: { cookie: 'sid=old' } }).end();
  const [leaves, stays] = [ask('/leaves'), ask('/stays')];
  await expect.poll(async () => (await report(running)).held).toBe(2);

  await abort(leaves);

  await expect.poll(async () => (await report(running)).held).toBe(1);
  const answered = once(stays, 'response');
  await releaseHold(running.store, holdId);
  await answered;
  expect(reached).toEqual(['/stays']);
});

test('a client that leaves before its event stream begins ends it at the machine', async () => {
  const answers: ServerResponse[] = [];
  const running = await startTestProxy((_request, response) => void answers.push(response), {
    requestTimeoutMs: 60_000,
  });
  const client = httpRequest(running.proxy.url).end();
  await expect.poll(() => answers.length).toBe(1);
  await abort(client);

  answers[0]?.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');

  await expect.poll(() => answers[0]?.destroyed).toBe(true);
  expect((await report(running)).streams['a']).toBe(0);
});

/** A machine that writes a large body as fast as it is taken, a client of it that has read nothing yet, and how far it got. */
async function startDownload(): Promise<{ answer: IncomingMessage; written: () => number }> {
  let written = 0;
  const { proxy } = await startTestProxy((_request, response) => {
    response.writeHead(200, { 'content-length': LARGE_BYTES });
    const fill = (): void => {
      while (written < LARGE_BYTES) {
        written += CHUNK.length;
        if (!response.write(CHUNK)) return void response.once('drain', fill);
      }
      response.end();
    };
    fill();
  });
  const [answer] = (await once(httpRequest(proxy.url).end(), 'response')) as [IncomingMessage];
  return { answer, written: () => written };
}

/** Waits until the number stays the same from one look to the next, or has reached the end. */
async function settled(count: () => number): Promise<number> {
  let last = -1;
  await expect
    .poll(() => count() === LARGE_BYTES || count() === last || void (last = count()), { interval: 300, timeout: 30_000 })
    .toBe(true);
  return count();
}

test('a client that does not read makes the machine wait, and has everything once it reads', async () => {
  const { answer, written } = await startDownload();

  expect(await settled(written)).toBeLessThan(LARGE_BYTES);

  let read = 0;
  for await (const chunk of answer) read += (chunk as Buffer).length;
  expect(read).toBe(LARGE_BYTES);
});

test('a client that reads does not make the machine wait: what that check sees is the back-pressure', async () => {
  const { answer, written } = await startDownload();
  answer.resume();
  await once(answer, 'end');

  expect(await settled(written)).toBe(LARGE_BYTES);
});

test.each([
  ['with a length', { 'content-length': 100 }],
  ['in chunks', {}],
])('a machine that dies in the middle of a body %s breaks the connection of its client', async (_how, headers) => {
  const { proxy } = await startTestProxy((_request, response) => {
    response.writeHead(200, headers);
    response.write('half', () => response.destroy());
  }, BRIEF);

  const answer = await fetch(proxy.url);

  expect(answer.status).toBe(200);
  await expect(answer.text()).rejects.toThrow('terminated');
});

test('an HTTP/1.0 client, whose bodies end with the connection, is told by a reset that its body is not whole', async () => {
  const { proxy } = await startTestProxy((request, response) => {
    response.write('half', () => (request.url === '/dies' ? response.destroy() : response.end()));
  }, BRIEF);

  expect(await raw(proxy.url, 'GET /lives HTTP/1.0\r\n\r\n')).toMatch(/\r\n\r\nhalf$/);
  await expect(raw(proxy.url, 'GET /dies HTTP/1.0\r\n\r\n')).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('pipelined requests are answered in their order, whichever the machine answers first', async () => {
  const waiting: ServerResponse[] = [];
  const { proxy } = await startTestProxy((_request, response) => {
    waiting.push(response);
    if (waiting.length < 3) return;
    for (const answer of waiting.reverse()) answer.end(`<${answer.req.url ?? ''}>`);
  });
  const request = (path: string, rest = ''): string => GET.replace('/', path) + `${rest}\r\n`;

  const answer = await raw(proxy.url, request('/1') + request('/2') + request('/3', 'Connection: close\r\n'));

  expect(answer.match(/<\/\d>/g)).toEqual(['</1>', '</2>', '</3>']);
});

test('a client that aborts while others of its connection wait takes only them along', async () => {
  const reached: (string | undefined)[] = [];
  const running = await startTestProxy((request, response) => {
    reached.push(request.url);
    if (request.url === '/next') response.end('served');
  }, BRIEF);
  const client: Socket = await connectTo(running.proxy.url);
  client.write(`${GET}\r\n${GET}\r\n`);
  await expect.poll(() => reached.length).toBe(2);

  client.destroy();

  expect(await (await fetch(`${running.proxy.url}/next`)).text()).toBe('served');
  expect((await report(running)).inFlight['a']).toBe(2);
});
