import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { nodeShop } from '../../demo/node-shop.js';
import { statusQuery } from '../../workflows/messages.js';
import { createTestInstallation } from '../fixtures/installation.js';

const IDLE_MS = 3000;

test('a proxy that is replaced knows of no session: the drain waits once more for as long as one may rest, and gives no count', async () => {
  const { installation, startRestart } = await createTestInstallation(async (directory, url) => {
    const shop = await nodeShop(directory, url);
    return { ...shop, pool: { ...shop.pool, sessions: { mechanism: 'none', idleMs: IDLE_MS } } };
  });
  await installation.bootMachines();
  const proxy = await installation.startProxy();
  await installation.startWorker();
  const begun = await fetch(`${proxy.url}/shop/cart?item=one`, { method: 'POST' });
  const headers = { cookie: begun.headers.get('set-cookie')?.split(';')[0] ?? '' };
  const handle = await startRestart();
  await expect.poll(async () => (await handle.query(statusQuery)).step, { timeout: 60_000 }).toBe('awaitDrain');
  for (const end = performance.now() + 1.5 * IDLE_MS; performance.now() < end; await sleep(200)) {
    expect((await fetch(`${proxy.url}/shop/cart`, { headers })).status).toBe(200);
  }

  await proxy.stop();
  const replaced = performance.now();
  await installation.startProxy();

  expect(await handle.result()).toMatchObject({ to: 'node-b', sessionsNotMoved: null });
  expect(performance.now() - replaced).toBeGreaterThan(IDLE_MS);
});

test('sessions that cannot be moved stay until nobody uses them, and are counted', async () => {
  const { installation, startRestart } = await createTestInstallation(async (directory, url) => {
    const shop = await nodeShop(directory, url);
    return { ...shop, pool: { ...shop.pool, sessions: { mechanism: 'none', idleMs: IDLE_MS } } };
  });
  await installation.bootMachines();
  const { url } = await installation.startProxy();
  await installation.startWorker();
  // A proxy that has begun within idleMs before a restart may not know all.
  await sleep(IDLE_MS);
  const begun = await fetch(`${url}/shop/cart?item=one`, { method: 'POST' });
  const headers = { cookie: begun.headers.get('set-cookie')?.split(';')[0] ?? '' };
  const handle = await startRestart();
  const step = async (): Promise<string | null> => (await handle.query(statusQuery)).step;
  await expect.poll(step, { timeout: 60_000 }).toBe('awaitDrain');

  // The session is used for longer than it would have to rest.
  for (const end = performance.now() + 2 * IDLE_MS; performance.now() < end; await sleep(200)) {
    expect((await fetch(`${url}/shop/cart`, { headers })).status).toBe(200);
  }
  expect(await step()).toBe('awaitDrain');

  expect(await handle.result()).toMatchObject({ to: 'node-b', sessionsNotMoved: 1 });
});
