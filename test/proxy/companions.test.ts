import { once } from 'node:events';
import { request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../state/database.js';
import { openDatabase } from '../../state/database.js';
import { liveProxies, registerProxy } from '../../state/proxy-register.js';
import type { TestProxy } from '../fixtures/proxy.js';
import { joinProxy, startTestProxy } from '../fixtures/proxy.js';

function open({ database: { url } }: TestProxy): Database {
  const database = openDatabase(url);
  onTestFinished(() => database.end());
  return database;
}

test('a second proxy under the name of one that serves is refused, and under another name it is not', async () => {
  const running = await startTestProxy((_request, response) => response.end('served'));
  const { proxy, pool } = running;
  const database = open(running);

  await expect(joinProxy(running, 'test')).rejects.toMatchObject({
    code: 'NAME_TAKEN',
    message: expect.stringContaining(proxy.adminUrl) as string,
  });
  expect((await liveProxies(database, pool.name)).map(({ incarnation }) => incarnation)).toEqual([proxy.incarnation]);
  expect(await (await fetch(proxy.url)).text()).toBe('served');
  await joinProxy(running, 'other');
});

test('while one ends that still has a request to answer, its successor starts under its name', async () => {
  let answer = (): void => undefined;
  const running = await startTestProxy((_request, response) => (answer = () => response.end('served')));
  const { proxy, servers } = running;
  const slow = request(proxy.url);
  await once(servers[0], 'request');
  const closed = proxy.close();

  await joinProxy(running, 'test');

  answer();
  expect(await (await slow).body.text()).toBe('served');
  await closed;
});

test('a namesake of another host that does not answer keeps nobody from its name', async () => {
  const running = await startTestProxy((_request, response) => response.end('served'));
  const gone = { name: 'gone', host: 'elsewhere', pid: 1, startTime: '1', adminUrl: 'http://127.0.0.1:1' };
  await registerProxy(open(running), running.pool.name, { ...gone, incarnation: '00000000-0000-4000-8000-000000000001' });
  // Where that one was, another answers now.
  const replaced = { ...gone, adminUrl: running.proxy.adminUrl };
  await registerProxy(open(running), running.pool.name, { ...replaced, incarnation: '00000000-0000-4000-8000-000000000002' });

  const { proxy } = await joinProxy(running, 'gone');
  expect(await (await fetch(proxy.url)).text()).toBe('served');
});

test('where one request of a session at a time is asked for, a second proxy has to be told that each session stays with one', async () => {
  const running = await startTestProxy((_request, response) => response.end('served'), {}, {}, {}, true);

  await expect(joinProxy(running, 'second')).rejects.toMatchObject({
    code: 'PROXY_NOT_ALONE',
    message: expect.stringContaining('Proxy test serves pool shop') as string,
    remedy: expect.stringMatching(/proxy\.balancedBySession: true.*sessions\.oneRequestAtATime: false/) as string,
  });
  const { proxy } = await joinProxy(running, 'second', { balancedBySession: true });
  expect(await (await fetch(proxy.url)).text()).toBe('served');
});

test('of two proxies that start at the same moment one is refused where the two may not serve beside each other', async () => {
  const running = await startTestProxy((_request, response) => response.end('served'), {}, {}, {}, true);
  await running.proxy.close();
  const database = open(running);
  const client = await database.connect();
  // Nobody can register.
  await client.query('begin; select 1 from pool for update');

  const starting = Promise.allSettled(['one', 'other'].map((name) => joinProxy(running, name)));
  const count = async (where: string): Promise<number> =>
    (await database.query(`select 1 from pg_stat_activity where datname = current_database() and ${where}`)).rowCount ?? 0;
  // Both have come as far as they can: to the register, or one to the other.
  await expect
    .poll(async () => Math.max(await count("wait_event_type = 'Lock'"), await count("query like 'select pg_try_advisory_lock%'")))
    .toBe(2);
  await client.query('commit');
  client.release();

  const refused = (await starting).flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  expect(refused).toMatchObject([{ code: 'PROXY_NOT_ALONE' }]);
});
