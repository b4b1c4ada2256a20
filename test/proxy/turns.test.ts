// One request of a session at a time, where the configuration asks for it.

import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { request as httpRequest } from 'node:http';
import { expect, test } from 'vitest';
import type { LimitsConfig } from '../../config/types.js';
import type { HoldRequest } from '../../proxy/admin-api.js';
import { openDatabase } from '../../state/database.js';
import { commitHold, openHold } from '../../state/hold.js';
import { loadSessionKeyHash } from '../../state/installation.js';
import { reload, report, startMovingPool } from '../fixtures/moving-pool.js';
import { openStream } from '../fixtures/open-stream.js';
import type { TestProxy } from '../fixtures/proxy.js';
import { startTestProxy } from '../fixtures/proxy.js';
import { raw } from '../fixtures/raw-http.js';

/** A machine that answers when the test says so. */
class Machine {
  /** Paths, in the order in which their requests have come. */
  readonly reached: string[] = [];
  private readonly answers = new Map<string, ServerResponse>();

  readonly listener = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url ?? '';
    request.on('error', () => undefined).resume();
    this.reached.push(path);
    this.answers.set(path, response);
  };

  async has(...paths: string[]): Promise<void> {
    await expect.poll(() => this.reached).toEqual(paths);
  }

  of(path: string): ServerResponse {
    return this.answers.get(path) as ServerResponse;
  }
}

interface Running extends TestProxy {
  machine: Machine;
}

async function start(limits: Partial<LimitsConfig> = {}, oneRequestAtATime = true): Promise<Running> {
  const machine = new Machine();
  const running = await startTestProxy(machine.listener, { holdMaxMs: 60_000, ...limits }, {}, {}, oneRequestAtATime);
  return { ...running, machine };
}

function ask({ proxy }: Pick<TestProxy, 'proxy'>, path: string, cookie = 'sid=1'): Promise<Response> {
  return fetch(`${proxy.url}${path}`, { headers: { cookie } });
}

async function behind({ proxy }: Pick<TestProxy, 'proxy'>): Promise<number> {
  const metrics = await (await fetch(`${proxy.adminUrl}/metrics`)).text();
  return Number(/^vm_rejuv_requests_behind_another\{.*\} (\d+)$/m.exec(metrics)?.[1]);
}

test('a second request of a session reaches the machine when the first has been answered', async () => {
  const running = await start();
  const { machine } = running;
  const first = ask(running, '/1');
  await machine.has('/1');
  const second = ask(running, '/2');
  await expect.poll(() => behind(running)).toBe(1);
  machine.of('/1').write('half');
  expect((await first).status).toBe(200);
  expect(machine.reached).toEqual(['/1']);

  machine.of('/1').end();

  await machine.has('/1', '/2');
  machine.of('/2').end('there');
  expect(await (await second).text()).toBe('there');
});

test('without it both are there at once: what that test sees is the waiting', async () => {
  const running = await start({}, false);
  const { machine } = running;
  const answers = [ask(running, '/1')];
  await machine.has('/1');
  answers.push(ask(running, '/2'));

  await machine.has('/1', '/2');

  for (const path of machine.reached) machine.of(path).end();
  await Promise.all(answers);
});

test('requests of a session keep their order, and those of others and of none pass by', async () => {
  const running = await start();
  const { machine } = running;
  const answers = [ask(running, '/1')];
  await machine.has('/1');
  for (const [index, path] of ['/2', '/3', '/4'].entries()) {
    answers.push(ask(running, path));
    await expect.poll(() => behind(running)).toBe(index + 1);
  }
  answers.push(ask(running, '/other', 'sid=2'), ask(running, '/none', 'theme=dark'));
  await expect.poll(() => machine.reached.length).toBe(3);

  for (const path of machine.reached.slice(1)) machine.of(path).end();
  for (const path of ['/1', '/2', '/3', '/4']) {
    await expect.poll(() => machine.reached.at(-1) === path || path === '/1').toBe(true);
    machine.of(path).end();
  }

  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(6).fill(200));
  expect(machine.reached.filter((path) => /\d/.test(path))).toEqual(['/1', '/2', '/3', '/4']);
});

test('a client that leaves the line never reaches the machine, and one that leaves its answer keeps its turn until the machine has answered', async () => {
  const running = await start();
  const { machine, proxy } = running;
  const send = (path: string): ClientRequest =>
    httpRequest(`${proxy.url}${path}`, { headers: { cookie: 'sid=1' } })
      .on('error', () => undefined)
      .end();
  const answered = send('/1');
  await machine.has('/1');
  const waiting = send('/2');
  await expect.poll(() => behind(running)).toBe(1);
  const last = ask(running, '/3');
  await expect.poll(() => behind(running)).toBe(2);

  waiting.destroy();
  await expect.poll(() => behind(running)).toBe(1);
  const gone = new Promise<void>((resolve) => answered.once('close', resolve));
  answered.destroy();
  await gone;
  expect((await report(running)).inFlight['a']).toBe(1);
  expect(machine.reached).toEqual(['/1']);

  machine.of('/1').end();
  await machine.has('/1', '/3');
  machine.of('/3').end();
  expect((await last).status).toBe(200);
});

test('who waits too long is answered 503 with Retry-After, and the session goes on once its request has been answered', async () => {
  const running = await start({ holdMaxMs: 300 });
  const { machine } = running;
  const first = ask(running, '/1');
  await machine.has('/1');

  const late = await ask(running, '/2');
  expect([late.status, late.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await late.json()).toMatchObject({ code: 'SESSION_BUSY' });

  machine.of('/1').end();
  expect((await first).status).toBe(200);
  const next = ask(running, '/3');
  await machine.has('/1', '/3');
  machine.of('/3').end();
  expect((await next).status).toBe(200);
});

test('who finds too many waiting is answered 503 with Retry-After, and they go on', async () => {
  const running = await start({ maxHeldRequests: 1 });
  const { machine } = running;
  const answers = [ask(running, '/1')];
  await machine.has('/1');
  answers.push(ask(running, '/2'));
  await expect.poll(() => behind(running)).toBe(1);

  const full = await ask(running, '/3');
  expect([full.status, full.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await full.json()).toMatchObject({ code: 'QUEUE_FULL' });

  machine.of('/1').end();
  await machine.has('/1', '/2');
  machine.of('/2').end();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
});

test('an event stream and a WebSocket let others of their session pass once they have begun', async () => {
  const running = await start();
  const { machine } = running;
  const stop = new AbortController();
  const events = fetch(`${running.proxy.url}/events`, { headers: { cookie: 'sid=1' }, signal: stop.signal });
  await machine.has('/events');
  const second = ask(running, '/2');
  await expect.poll(() => behind(running)).toBe(1);

  machine.of('/events').writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
  await machine.has('/events', '/2');
  machine.of('/2').end();
  expect([(await events).status, (await second).status]).toEqual([200, 200]);

  await openStream(running, 'sid=1');
  const third = ask(running, '/3');
  await machine.has('/events', '/2', '/3');
  machine.of('/3').end();
  expect((await third).status).toBe(200);
  stop.abort();
});

test('a log-in that is not over keeps back what comes under the new id, behind what came before under the old one', async () => {
  const running = await start();
  const { machine } = running;
  const login = ask(running, '/login');
  await machine.has('/login');
  const before = ask(running, '/before');
  await expect.poll(() => behind(running)).toBe(1);

  machine.of('/login').writeHead(200, { 'set-cookie': 'sid=new; Path=/' }).write('wel');
  expect((await login).headers.get('set-cookie')).toContain('sid=new');
  const after = ask(running, '/after', 'sid=new');
  await expect.poll(() => behind(running)).toBe(2);
  expect(machine.reached).toEqual(['/login']);

  machine.of('/login').end('come');
  await machine.has('/login', '/before');
  expect(await behind(running)).toBe(1);
  machine.of('/before').end();
  await machine.has('/login', '/before', '/after');
  machine.of('/after').end();
  expect((await Promise.all([before, after])).map(({ status }) => status)).toEqual([200, 200]);
});

test('a request that has begun a session and is not over keeps back what comes under its id', async () => {
  const running = await start();
  const { machine } = running;
  const first = ask(running, '/first', 'theme=dark');
  await machine.has('/first');
  machine.of('/first').writeHead(200, { 'set-cookie': 'sid=new; Path=/' }).write('wel');
  expect((await first).headers.get('set-cookie')).toContain('sid=new');
  const next = ask(running, '/next', 'sid=new');
  await expect.poll(() => behind(running)).toBe(1);
  expect(machine.reached).toEqual(['/first']);

  machine.of('/first').end('come');
  await machine.has('/first', '/next');
  machine.of('/next').end();
  expect((await next).status).toBe(200);
  const last = ask(running, '/last', 'sid=new');
  await machine.has('/first', '/next', '/last');
  machine.of('/last').end();
  expect((await last).status).toBe(200);
});

test('a request with two ids waits for the requests of both, and the next of either for it', async () => {
  const running = await start();
  const { machine } = running;
  const answers = [ask(running, '/1'), ask(running, '/2', 'sid=2')];
  await expect.poll(() => machine.reached.length).toBe(2);
  answers.push(ask(running, '/both', 'sid=1; sid=2'));
  await expect.poll(() => behind(running)).toBe(1);
  answers.push(ask(running, '/last', 'sid=2'));
  await expect.poll(() => behind(running)).toBe(2);

  machine.of('/1').end();
  await answers[0];
  expect(await behind(running)).toBe(2);
  machine.of('/2').end();
  await expect.poll(() => machine.reached.slice(2)).toEqual(['/both']);
  expect(await behind(running)).toBe(1);
  machine.of('/both').end();
  await expect.poll(() => machine.reached.slice(2)).toEqual(['/both', '/last']);
  machine.of('/last').end();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(4).fill(200));
});

test('an upload that its client has broken off keeps nobody back', async () => {
  const running = await start({ requestTimeoutMs: 60_000 });
  const { machine } = running;
  const upload = httpRequest(`${running.proxy.url}/upload`, {
    method: 'POST',
    headers: { cookie: 'sid=1', 'content-length': 1000 },
  }).on('error', () => undefined);
  upload.write('first');
  await machine.has('/upload');
  const next = ask(running, '/next');
  await expect.poll(() => behind(running)).toBe(1);

  upload.destroy();

  await machine.has('/upload', '/next');
  expect((await report(running)).unanswered['a']).toBe(1);
  machine.of('/next').end();
  expect((await next).status).toBe(200);
});

test.each([
  ['whose connection broke', true],
  ['that is silent', false],
])('a whole request %s keeps its session back until its machine has lost its place', async (_how, breaks) => {
  const running = await start({ requestTimeoutMs: 60_000 });
  const { machine, database } = running;
  const first = ask(running, '/first');
  await machine.has('/first');
  if (breaks) machine.of('/first').destroy();
  await expect.poll(async () => (await report(running)).unanswered['a']).toBe(breaks ? 1 : 0);
  const next = ask(running, '/next');
  await expect.poll(() => behind(running)).toBe(1);

  const store = openDatabase(database.url);
  await store.query("update pool set active = 'b', standby = 'a', epoch = epoch + 1");
  await store.end();
  await reload(running);

  await machine.has('/first', '/next');
  for (const path of machine.reached) machine.of(path).end();
  expect((await next).status).toBe(200);
  expect((await first).status).toBe(breaks ? 502 : 200);
});

test('pipelined requests of a session are answered one after the other', async () => {
  const running = await start();
  const { machine } = running;
  const get = (path: string, rest = ''): string => `GET ${path} HTTP/1.1\r\nHost: shop\r\nCookie: sid=1\r\n${rest}\r\n`;
  const answer = raw(running.proxy.url, get('/1') + get('/2', 'Connection: close\r\n'));
  await machine.has('/1');
  expect(await behind(running)).toBe(1);
  machine.of('/1').end('<1>');
  await machine.has('/1', '/2');
  machine.of('/2').end('<2>');

  expect((await answer).match(/<\d>/g)).toEqual(['<1>', '<2>']);
});

test('who waits for a request at the primary is held with the session, and goes on at the standby once it has moved', async () => {
  const machine = new Machine();
  const running = await startMovingPool(machine.listener, { holdMaxMs: 60_000 }, {}, true);
  const first = ask(running, '/1');
  await machine.has('/1');
  const second = ask(running, '/2');
  await expect.poll(() => behind(running)).toBe(1);
  const key = (await loadSessionKeyHash(running.store))('1');
  const holdId = await openHold(running.store, running.writer, { scope: 'keys', keys: [key], deadlineMs: 60_000 });
  await reload(running);
  const body: HoldRequest = {
    ...{ run: 'run/1', scope: 'keys', keys: [key], budgetMs: 60_000, minAgeMs: null, ignoreUnanswered: false },
  };
  const acknowledged = running.admin(`/pools/shop/holds/${holdId}`, { method: 'PUT', body: JSON.stringify(body) });

  machine.of('/1').end();

  expect(await (await acknowledged).json()).toMatchObject({ busy: [] });
  await expect.poll(async () => (await report(running)).held).toBe(1);
  const { store, writer, proxy } = running;
  const moved = { holdId, moved: [key], acknowledged: new Set([proxy.incarnation]), seal: false, requestTimeoutMs: 0 };
  expect(await commitHold(store, writer, moved)).toBe('committed');
  await machine.has('/1', '/2');
  expect(machine.of('/2').req.socket.localPort).toBe(running.ports[1]);
  machine.of('/2').end();
  expect([(await first).status, (await second).status]).toEqual([200, 200]);
});
