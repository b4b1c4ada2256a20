import { expect, onTestFinished, test } from 'vitest';
import type { PoolReport } from '../../proxy/admin-api.js';
import type { Database } from '../../state/database.js';
import { openDatabase } from '../../state/database.js';
import { openHold } from '../../state/hold.js';
import type { Writer } from '../../state/pool.js';
import { claimPool, openPool, startMoving, takeToken } from '../../state/pool.js';
import { standbyKeys } from '../../state/session-owner.js';
import type { TestProxy } from '../fixtures/proxy.js';
import { startTestProxy } from '../fixtures/proxy.js';

/** A proxy whose pool is moving; machines answer with the port they listen on and begin a session where there is none. */
async function startMovingPool(): Promise<TestProxy & { store: Database; writer: Writer; ports: number[] }> {
  let sessions = 0;
  const running = await startTestProxy((request, response) => {
    if (request.headers.cookie === undefined) response.setHeader('set-cookie', `sid=made-${++sessions}; Path=/`);
    response.end(String(request.socket.localPort));
  });
  const store = openDatabase(running.database.url);
  onTestFinished(() => store.end().catch(() => undefined));
  await claimPool(store, 'shop', 'run/1', null);
  const { token } = await takeToken(store, 'shop', 'run/1');
  const writer: Writer = { pool: 'shop', run: 'run/1', token };
  await openPool(store, writer);
  await startMoving(store, writer);
  await running.admin('/pools/shop/reload', { method: 'POST', body: '{}' });
  return { ...running, store, writer, ports: running.pool.machines.map(({ url }) => Number(new URL(url).port)) };
}

async function held({ admin }: TestProxy): Promise<number> {
  return ((await (await admin('/pools/shop/reload', { method: 'POST', body: '{}' })).json()) as PoolReport).held;
}

function ask({ proxy }: TestProxy, cookie: string | null): Promise<Response> {
  return fetch(proxy.url, { headers: cookie === null ? {} : { cookie } });
}

test('a held request goes on to its owner when the deadline of the hold has passed', async () => {
  const running = await startMovingPool();
  await openHold(running.store, running.writer, { scope: 'all', keys: [], deadlineMs: 500 });
  await running.admin('/pools/shop/reload', { method: 'POST', body: '{}' });
  const answer = ask(running, 'sid=old');
  await expect.poll(() => held(running)).toBe(1);

  expect(await (await answer).text()).toBe(String(running.ports[0]));
});

test('a held request is answered 503 with Retry-After when nobody can decide in time', async () => {
  const running = await startMovingPool();
  await openHold(running.store, running.writer, { scope: 'all', keys: [], deadlineMs: 60_000 });
  await running.admin('/pools/shop/reload', { method: 'POST', body: '{}' });
  const answer = ask(running, 'sid=old');
  await expect.poll(() => held(running)).toBe(1);
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

test('an id that the standby sets does not leave while it cannot be recorded', async () => {
  const running = await startMovingPool();
  await running.database.drop();

  expect((await ask(running, null)).status).toBe(503);
});
