import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { complaints } from '../../chaos/legal-state.js';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import type { PoolReport } from '../../proxy/admin-api.js';
import { openDatabase } from '../../state/database.js';
import { openHold, releaseHold } from '../../state/hold.js';
import { claimPool, openPool, startMoving, takeToken } from '../../state/pool.js';
import type { Database } from '../../state/database.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { reload, startMovingPool } from '../fixtures/moving-pool.js';
import type { AdminCall } from '../fixtures/proxy.js';
import { startTestProxy, TOKEN } from '../fixtures/proxy.js';

async function installed(): Promise<{
  check: () => Promise<string[]>;
  database: Database;
  admin: AdminCall;
  stopMachine: () => void;
}> {
  const {
    database: test,
    pool,
    token: adminToken,
    servers,
    admin,
  } = await startTestProxy((_request, response) => response.end());
  const database = openDatabase(test.url);
  onTestFinished(() => database.end());
  const stopMachine = (): void => {
    servers[1].closeAllConnections();
    servers[1].close();
  };
  return { check: () => complaints({ database, pool, adminToken, proxies: 1 }), database, admin, stopMachine };
}

test('nothing is wrong with a pool that nobody has touched', async () => {
  const { check } = await installed();
  expect(await check()).toEqual([]);
});

test('a pool that is left in the middle, a hold that is open and a machine that is off are seen', async () => {
  const { check, database, stopMachine } = await installed();
  await claimPool(database, 'shop', 'run/1', null);
  const { token } = await takeToken(database, 'shop', 'run/1');
  const writer = { pool: 'shop', run: 'run/1', token };
  await openPool(database, writer);
  await startMoving(database, writer);
  await openHold(database, writer, { scope: 'all', keys: [], deadlineMs: 60_000 });
  stopMachine();

  const wrong = (await check()).join('\n');

  expect(wrong).toContain('The pool is moving, held by run/1.');
  expect(wrong).toContain('1 holds are open.');
  expect(wrong).toContain('Machine b is not healthy');
});

test('a proxy that is missing is seen', async () => {
  const { check, database } = await installed();
  await database.query('delete from proxy');
  expect((await check()).join()).toContain('Not every proxy answers: No proxy is registered');
});

test('a proxy that routes by another epoch than the row says is seen', async () => {
  const { check, database, admin } = await installed();
  const report = (await (await admin('/pools/shop/reload', { method: 'POST', body: '{}' })).json()) as PoolReport;
  const { epoch, active } = report;
  // One that has been told and still answers as before.
  const stale = createServer((_request, response) => response.end(JSON.stringify({ ...report, epoch: epoch - 1 })));
  await new Promise<void>((resolve) => stale.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void stale.close().closeAllConnections());
  const { port } = stale.address() as AddressInfo;
  await database.query('update proxy set admin_url = $1', [`http://127.0.0.1:${port}`]);

  expect(await check()).toEqual([
    `A proxy routes by epoch ${epoch - 1} (steady, ${active}) instead of ${epoch} (steady, ${active}).`,
  ]);
});

test('a request that waits in a gate is seen', async () => {
  const running = await startMovingPool(undefined, { holdMaxMs: 60_000 });
  const { store, writer, pool, proxy } = running;
  const hold = await openHold(store, writer, { scope: 'all', keys: [], deadlineMs: 60_000 });
  const answer = fetch(proxy.url, { headers: { cookie: 'sid=old' } }).catch(() => undefined);
  await expect.poll(async () => (await reload(running)).held).toBe(1);

  expect(await complaints({ database: store, pool, adminToken: TOKEN, proxies: 1 })).toContain(
    '1 requests wait in the gate of a proxy.',
  );
  await releaseHold(store, hold);
  await answer;
});

test('a session that the standby still has is seen', async () => {
  const { installation } = await createTestInstallation((directory) => tomcatShop(directory));
  const { pool, config } = installation;
  const database = openDatabase(config.database.url);
  onTestFinished(() => database.end());
  await installation.bootMachines();
  await installation.startProxy();
  await fetch(`${pool.machines[1].url}/shop/cart`);

  expect(await complaints({ database, pool, adminToken: config.adminToken, proxies: 1 })).toEqual([
    '1 sessions are at tomcat-b, and tomcat-a is active.',
  ]);
});
