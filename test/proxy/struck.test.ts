import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { ProxyFleet } from '../../activities/proxy-fleet.js';
import { openDatabase } from '../../state/database.js';
import { endProxy, liveProxies, registerProxy, sinceUncleanEndMs } from '../../state/proxy-register.js';
import { joinProxy, startTestProxy } from '../fixtures/proxy.js';

test('a proxy that was struck answers no request any more, also on connections that were kept', async () => {
  const { proxy, database: test } = await startTestProxy((_request, response) => response.end('served'));
  const database = openDatabase(test.url);
  onTestFinished(() => database.end());
  const kept = new Agent({ connections: 1 });
  onTestFinished(() => kept.destroy());
  const ask = async (): Promise<string> => (await request(proxy.url, { dispatcher: kept })).body.text();
  expect(await ask()).toBe('served');

  await endProxy(database, 'shop', proxy.incarnation);

  expect(await proxy.struck).toMatchObject({ code: 'PROXY_STRUCK' });
  expect(JSON.parse(await ask())).toMatchObject({ code: 'PROXY_STRUCK' });
});

test('what a struck proxy has left running counts from its own end, not from when it was struck', async () => {
  const running = await startTestProxy(() => undefined, { requestTimeoutMs: 60_000 });
  const { proxy, servers, database: test } = running;
  const database = openDatabase(test.url);
  onTestFinished(() => database.end());
  const broken = request(proxy.url).catch(() => 'broken off');
  await once(servers[0], 'request');
  await endProxy(database, 'shop', proxy.incarnation);
  await database.query("update proxy set ended_at = now() - interval '1 hour'");
  await proxy.struck;

  servers[0].closeAllConnections();
  await broken;
  await proxy.close();

  expect(await sinceUncleanEndMs(database, 'shop')).toBeLessThan(60_000);
});

test('a worker that asks for its predecessor does not make a proxy that starts take itself for struck', async () => {
  const running = await startTestProxy((_request, response) => response.end('served'));
  const { pool, token, database: test } = running;
  const database = openDatabase(test.url);
  onTestFinished(() => database.end());
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  const before = { name: 'gone', host: 'elsewhere', pid: 1, startTime: '1', adminUrl: `http://127.0.0.1:${port}` };
  await registerProxy(database, pool.name, { ...before, incarnation: '00000000-0000-4000-8000-000000000001' });
  const asking = new AbortController();
  const asked = new ProxyFleet(database, pool.name, token, true).allReport(1, asking.signal).catch(() => undefined);
  // The new one listens for workers, and cannot register while somebody has the row of the pool.
  const client = await database.connect();
  await client.query('begin');
  await client.query('select 1 from pool for update');
  const starting = joinProxy(running, 'next', { admin: { host: '127.0.0.1', port } });
  await expect
    .poll(() =>
      request(`${before.adminUrl}/readyz`).then(
        ({ statusCode }) => statusCode,
        () => 0,
      ),
    )
    .toBe(503);
  await request(`${before.adminUrl}/pools/shop/reload`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  await client.query('commit');
  client.release();

  const { proxy } = await starting;
  expect(await (await fetch(proxy.url)).text()).toBe('served');
  expect((await liveProxies(database, pool.name)).map(({ incarnation }) => incarnation)).toContain(proxy.incarnation);
  asking.abort();
  await asked;
});
