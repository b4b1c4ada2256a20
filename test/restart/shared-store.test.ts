import { expect, onTestFinished, test } from 'vitest';
import { startLoad } from '../../demo/load/start-load.js';
import { nodeShop } from '../../demo/node-shop.js';
import { startCleanRestart } from '../../worker/temporal-client.js';
import { createTestInstallation } from '../fixtures/installation.js';

test('a clean restart under load loses nothing with sessions in a shared store', async () => {
  const { installation, client } = await createTestInstallation(nodeShop);
  await installation.bootMachines();
  const proxy = await installation.startProxy();
  await installation.startWorker();
  const load = startLoad({ origins: [proxy.url], users: 50, rate: 150, seed: 1, maxSeconds: 60, slowMs: 300 });
  onTestFinished(() => load.stop());
  await expect.poll(() => load.progress()?.requests ?? 0, { timeout: 20_000 }).toBeGreaterThan(200);

  const { result, report } = await load.during(async () => {
    const handle = await startCleanRestart(client, installation.config.temporal.taskQueue, 'shop');
    return handle.result();
  });

  expect(report).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
  expect(result).toMatchObject({ from: 'node-a', to: 'node-b', sessionsNotMoved: 0 });
  expect(result.sessionsMoved).toBeGreaterThan(0);
});
