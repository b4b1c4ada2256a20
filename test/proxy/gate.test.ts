import { once } from 'node:events';
import { expect, test } from 'vitest';
import WebSocket from 'ws';
import type { SessionIdConfig } from '../../config/types.js';
import { commitHold, openHold } from '../../state/hold.js';
import { swapPool } from '../../state/pool.js';
import { standbyKeys } from '../../state/session-owner.js';
import { reload, startMovingPool } from '../fixtures/moving-pool.js';
import { openAnother, openStream } from '../fixtures/open-stream.js';
import type { TestProxy } from '../fixtures/proxy.js';

function ask({ proxy }: TestProxy, cookie: string | null): Promise<Response> {
  return fetch(proxy.url, { headers: cookie === null ? {} : { cookie } });
}

test('a held request goes on to its owner when the deadline of the hold has passed', async () => {
  const running = await startMovingPool();
  await openHold(running.store, running.writer, { scope: 'all', keys: [], deadlineMs: 500 });
  await reload(running);
  const answer = ask(running, 'sid=old');
  await expect.poll(async () => (await reload(running)).held).toBe(1);

  expect(await (await answer).text()).toBe(String(running.ports[0]));
});

test('a held request is answered 503 with Retry-After when nobody can decide in time', async () => {
  const running = await startMovingPool();
  await openHold(running.store, running.writer, { scope: 'all', keys: [], deadlineMs: 60_000 });
  await reload(running);
  const answer = ask(running, 'sid=old');
  await expect.poll(async () => (await reload(running)).held).toBe(1);
  await running.database.drop();

  const { status, headers } = await answer;
  expect(status).toBe(503);
  expect(headers.get('retry-after')).toMatch(/^\d+$/);
});

test('an id that the standby sets is recorded before its client has it', async () => {
  const running = await startMovingPool();

  const first = await ask(running, null);
  const recorded = await standbyKeys(running.store, 'shop');
  const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';

  expect(await first.text()).toBe(String(running.ports[1]));
  expect(recorded.size).toBe(1);
  expect(await (await ask(running, cookie)).text()).toBe(String(running.ports[1]));
  expect(await (await ask(running, 'sid=old')).text()).toBe(String(running.ports[0]));
});

test.each<[string, Partial<SessionIdConfig>, (id: string) => [string, string], (id: string) => Request]>([
  [
    'a header',
    { headers: ['X-Auth-Token'] },
    (id) => ['x-auth-token', id],
    (id) => new Request('http://shop/', { headers: { 'x-auth-token': id } }),
  ],
  [
    'a redirect to a path with it',
    { pathParameter: 'jsessionid' },
    (id) => ['location', `/cart;jsessionid=${id}`],
    (id) => new Request(`http://shop/cart;jsessionid=${id}`),
  ],
  [
    'a redirect of ASP.NET',
    { pathSegment: 'asp-net' },
    (id) => ['location', `/(S(${id}))/cart.aspx`],
    (id) => new Request(`http://shop/(S(${id}))/cart.aspx`),
  ],
])('so is an id that it sets in %s', async (_where, sessionId, set, requestWith) => {
  const running = await startMovingPool(
    (request, response) => {
      if (request.url === '/') response.setHeader(...set('made-by-standby'));
      response.end(String(request.socket.localPort));
    },
    {},
    sessionId,
  );
  const send = async ({ url, headers }: Request): Promise<string> =>
    (await fetch(`${running.proxy.url}${new URL(url).pathname}`, { headers, redirect: 'manual' })).text();
  await send(new Request('http://shop/'));

  expect((await standbyKeys(running.store, 'shop')).size).toBe(1);
  expect(await send(requestWith('made-by-standby'))).toBe(String(running.ports[1]));
  expect(await send(requestWith('made-by-primary'))).toBe(String(running.ports[0]));
});

test('an id that the standby sets does not leave while it cannot be recorded', async () => {
  const running = await startMovingPool();
  await running.database.drop();

  expect((await ask(running, null)).status).toBe(503);
});

test('nothing is kept of a session once the pool is steady again', async () => {
  const running = await startMovingPool();
  const remembered = async (): Promise<number> => {
    const metrics = await (await fetch(`${running.proxy.adminUrl}/metrics`)).text();
    return Number(/^vm_rejuv_known_sessions\{.*\} (\d+)$/m.exec(metrics)?.[1]);
  };
  for (const cookie of ['sid=1', 'sid=2', 'sid=3; sid=4']) await ask(running, cookie);
  expect(await remembered()).toBeGreaterThanOrEqual(4);

  const { store, writer } = running;
  const holdId = await openHold(store, writer, { scope: 'all', keys: [], deadlineMs: 1000 });
  await commitHold(store, writer, {
    holdId,
    moved: [],
    acknowledged: new Set([running.proxy.incarnation]),
    seal: true,
    requestTimeoutMs: 0,
  });
  await swapPool(store, writer, {});
  await reload(running);

  for (const cookie of ['sid=1', 'sid=2', 'sid=5']) await ask(running, cookie);
  expect(await remembered()).toBe(0);
});

test('a stream is closed when it keeps a session that another one of its client waits for, and no other stream is', async () => {
  const running = await startMovingPool();
  const awaited = await openStream(running, 'sid=old');
  const other = await openAnother(running, 'sid=other');
  const begun = (await ask(running, null)).headers.get('set-cookie')?.split(';')[0] ?? '';

  const answer = ask(running, `sid=old; ${begun}`);
  const [code] = (await once(awaited, 'close')) as [number];
  await (await answer).text();

  expect(code).toBe(1012);
  expect(other.readyState).toBe(WebSocket.OPEN);
});
