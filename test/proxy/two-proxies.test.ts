// Two proxies, one pool, one database: what one of them knows binds the other.

import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { HoldAcknowledgement, HoldRequest } from '../../proxy/admin-api.js';
import type { CommitOutcome } from '../../state/hold.js';
import { commitHold, openHold, releaseHold } from '../../state/hold.js';
import { loadSessionKeyHash } from '../../state/installation.js';
import { endProxy } from '../../state/proxy-register.js';
import type { MovingPool } from '../fixtures/moving-pool.js';
import { report, startMovingPool } from '../fixtures/moving-pool.js';
import type { TestProxy } from '../fixtures/proxy.js';
import { joinProxy } from '../fixtures/proxy.js';

type Proxy = Pick<TestProxy, 'proxy' | 'admin'>;

async function startTwoProxies(): Promise<{ running: MovingPool; first: Proxy; second: Proxy; key: string }> {
  const running = await startMovingPool(undefined, { holdMaxMs: 20_000 });
  const key = (await loadSessionKeyHash(running.store))('old');
  return { running, first: running, second: await joinProxy(running, 'second'), key };
}

async function ask({ proxy }: Proxy, cookie: string | null = 'sid=old'): Promise<string> {
  return (await fetch(proxy.url, { headers: cookie === null ? {} : { cookie } })).text();
}

function open({ store, writer }: MovingPool, key: string): Promise<number> {
  return openHold(store, writer, { scope: 'keys', keys: [key], deadlineMs: 60_000 });
}

/** Asks a proxy to hold, as a worker does, and resolves with its acknowledgement. */
async function hold({ admin }: Proxy, id: number, key: string): Promise<HoldAcknowledgement> {
  const body: HoldRequest = {
    ...{ run: 'run/1', scope: 'keys', keys: [key], budgetMs: 100, minAgeMs: null, ignoreUnanswered: false },
  };
  return (await (
    await admin(`/pools/shop/holds/${id}`, { method: 'PUT', body: JSON.stringify(body) })
  ).json()) as HoldAcknowledgement;
}

function commit({ store, writer }: MovingPool, holdId: number, key: string, by: HoldAcknowledgement[]): Promise<CommitOutcome> {
  const acknowledged = new Set(by.filter(({ busy }) => busy.length === 0).map(({ incarnation }) => incarnation));
  return commitHold(store, writer, { holdId, moved: [key], acknowledged, seal: false, requestTimeoutMs: 0 });
}

/** Counts what the database tells those who listen. */
async function countNotifications(url: string): Promise<() => number> {
  let count = 0;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  client.on('notification', () => count++);
  await client.query('listen vm_rejuv');
  return () => count;
}

test('an id that the standby sets through one proxy is its own at the other at once', async () => {
  const { running, first, second } = await startTwoProxies();
  const begun = await fetch(first.proxy.url);
  const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';

  expect(await begun.text()).toBe(String(running.ports[1]));
  expect(await ask(second, cookie)).toBe(String(running.ports[1]));
  // The control: an id that nobody has recorded is the primary's.
  expect(await ask(second)).toBe(String(running.ports[0]));
});

test('a hold that one proxy alone has acknowledged is not committed, and both go on to the primary', async () => {
  const { running, first, second, key } = await startTwoProxies();
  const id = await open(running, key);
  const acknowledgement = await hold(first, id, key);

  expect(await commit(running, id, key, [acknowledgement])).toBe('not-acknowledged');

  const answers = [ask(first), ask(second)];
  await releaseHold(running.store, id);
  expect(await Promise.all(answers)).toEqual(Array(2).fill(String(running.ports[0])));
});

test('the same hold is committed once an operator says that the other proxy is gone', async () => {
  const { running, first, second, key } = await startTwoProxies();
  const id = await open(running, key);
  const acknowledgement = await hold(first, id, key);
  await endProxy(running.store, 'shop', second.proxy.incarnation);

  expect(await commit(running, id, key, [acknowledgement])).toBe('committed');
});

test('after a commit both proxies send the session to the standby, those who waited too', async () => {
  const { running, first, second, key } = await startTwoProxies();
  expect(await Promise.all([ask(first), ask(second)])).toEqual(Array(2).fill(String(running.ports[0])));
  const id = await open(running, key);
  const acknowledgements = [await hold(first, id, key), await hold(second, id, key)];
  const waiting = [ask(first), ask(second)];
  for (const proxy of [first, second]) await expect.poll(async () => (await report(proxy)).held).toBe(1);

  expect(await commit(running, id, key, acknowledgements)).toBe('committed');

  expect(await Promise.all([...waiting, ask(first), ask(second)])).toEqual(Array(4).fill(String(running.ports[1])));
});

test('a proxy that registers while a hold is open holds its keys from its first request on', async () => {
  const running = await startMovingPool(undefined, { holdMaxMs: 20_000 });
  const key = (await loadSessionKeyHash(running.store))('old');
  const id = await open(running, key);
  const acknowledgement = await hold(running, id, key);

  const late = await joinProxy(running, 'late');
  const waiting = ask(late);
  const other = await ask(late, 'sid=other');
  await expect.poll(async () => (await report(late)).held).toBe(1);

  expect(other).toBe(String(running.ports[0]));
  expect(await commit(running, id, key, [acknowledgement])).toBe('not-acknowledged');
  expect(await commit(running, id, key, [acknowledgement, await hold(late, id, key)])).toBe('committed');
  expect(await waiting).toBe(String(running.ports[1]));
});

test('a proxy that misses every notification learns a commit and a seal from its poll', async () => {
  const { running, first, second, key } = await startTwoProxies();
  const notifications = await countNotifications(running.database.url);
  const id = await open(running, key);
  await expect.poll(notifications).toBeGreaterThan(0);
  const acknowledgements = [await hold(first, id, key), await hold(second, id, key)];
  const waiting = ask(second);
  await expect.poll(async () => (await report(second)).held).toBe(1);
  await running.store.query('alter table hold disable trigger all; alter table pool disable trigger all');
  const before = notifications();

  expect(await commit(running, id, key, acknowledgements)).toBe('committed');
  expect(await waiting).toBe(String(running.ports[1]));

  await running.store.query("update pool set phase = 'sealed', epoch = epoch + 1");
  await expect.poll(async () => (await report(second)).phase, { timeout: 10_000 }).toBe('sealed');
  expect(await ask(second, 'sid=other')).toBe(String(running.ports[1]));
  expect(notifications()).toBe(before);
});
