import { expect, test } from 'vitest';
import { whileRunning } from '../../../demo/while-running.js';
import { nodeShop } from '../../../demo/node-shop.js';
import type { TestInstallation } from '../../fixtures/installation.js';
import { createTestInstallation } from '../../fixtures/installation.js';
import { failureOf } from '../../fixtures/typed-into-form.js';

async function startPool(): Promise<TestInstallation> {
  const running = await createTestInstallation(nodeShop);
  await running.installation.bootMachines('node-a');
  return running;
}

test('what is typed into the web UI by mistake gets one readable failure at once', async () => {
  const { installation, client } = await startPool();
  await installation.startWorker();
  const { taskQueue } = installation.config.temporal;

  for (const args of [[], ['shop'], [[{ pool: 'shop' }]], [{}], [{ pool: 7 }], [{ pool: 'shop', when: 'now' }]]) {
    const failure = await failureOf(client, taskQueue, 'cleanRestart', args);
    expect(failure.type).toBe('INPUT_INVALID');
    expect(failure.message).toContain('{"pool": "shop"}');
  }
  const unknown = await failureOf(client, taskQueue, 'cleanRestart', [{ pool: 'nobody' }]);
  expect(unknown.type).toBe('POOL_UNKNOWN');
  expect(unknown.message).toContain(`There is no pool "nobody". Name one of: ${installation.pool.name}.`);
});

test('a restart without any proxy is refused before traffic is touched', async () => {
  const { installation, client } = await startPool();
  await installation.startWorker();

  const failure = await failureOf(client, installation.config.temporal.taskQueue, 'cleanRestart', [
    { pool: installation.pool.name },
  ]);

  expect(failure.type).toBe('NO_PROXY');
});

test('a standby that never gets ready fails the restart, and the pool serves as before', async () => {
  const { installation, client } = await createTestInstallation(async (directory, url) => {
    const shop = await nodeShop(directory, url);
    const [first, second] = shop.pool['machines'] as { driver: { command: string[] } }[];
    if (second) second.driver.command = ['sleep', '600'];
    return {
      ...shop,
      pool: { ...shop.pool, machines: [first, second], health: { path: '/shop/health', timeoutMs: 1000, bootTimeoutMs: 1500 } },
    };
  });
  await installation.bootMachines('node-a');
  const proxy = await installation.startProxy();
  await installation.startWorker();

  const failure = await failureOf(client, installation.config.temporal.taskQueue, 'cleanRestart', [
    { pool: installation.pool.name },
  ]);

  expect(failure).toMatchObject({ type: 'MACHINE_NOT_READY', message: expect.stringContaining('node-b') as string });
  expect((await fetch(`${proxy.url}/shop/cart`)).status).toBe(200);
});

test('a second restart of the same pool is refused while one runs, whatever its workflow id', async () => {
  const { installation, client, startRestart } = await startPool();
  await installation.startProxy();
  await installation.startWorker();
  const first = await startRestart();
  await expect(startRestart()).rejects.toMatchObject({ code: 'RESTART_RUNNING' });
  await whileRunning('redirectTraffic', first, () => undefined, AbortSignal.timeout(20_000));

  const failure = await failureOf(client, installation.config.temporal.taskQueue, 'cleanRestart', [
    { pool: installation.pool.name },
  ]);

  expect(failure.type).toBe('RESTART_RUNNING');
  expect((await first.result()).to).toBe('node-b');
});

test('a primary that its driver has not started is refused: a restart would leave the real one running', async () => {
  const { installation, client } = await createTestInstallation(nodeShop);
  await installation.startProxy();
  await installation.startWorker();

  const failure = await failureOf(client, installation.config.temporal.taskQueue, 'cleanRestart', [
    { pool: installation.pool.name },
  ]);

  expect(failure).toMatchObject({ type: 'PRIMARY_NOT_RUNNING', message: expect.stringContaining('node-a') as string });
});
