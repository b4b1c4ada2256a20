import { expect, onTestFinished, test } from 'vitest';
import { complaints } from '../../chaos/legal-state.js';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import { openDatabase } from '../../state/database.js';
import { openHold } from '../../state/hold.js';
import { claimPool, openPool, startMoving, takeToken } from '../../state/pool.js';
import type { Database } from '../../state/database.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { startTestProxy } from '../fixtures/proxy.js';

async function installed(): Promise<{ check: () => Promise<string[]>; database: Database; stopMachine: () => void }> {
  const { database: test, pool, token: adminToken, servers } = await startTestProxy((_request, response) => response.end());
  const database = openDatabase(test.url);
  onTestFinished(() => database.end());
  const stopMachine = (): void => {
    servers[1].closeAllConnections();
    servers[1].close();
  };
  return { check: () => complaints({ database, pool, adminToken, proxies: 1 }), database, stopMachine };
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
