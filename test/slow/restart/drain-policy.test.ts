import { expect, onTestFinished, test } from 'vitest';
import { nodeShop } from '../../../demo/node-shop.js';
import type { TestInstallation } from '../../fixtures/installation.js';
import { createTestInstallation } from '../../fixtures/installation.js';

/** It has to run still when the drain begins, but where nothing is lost by that. */
const SLOW_MS = { wait: 5000, force: 40_000, stop: 20_000 };

/** A pool with one request that outlasts the drain's limit. */
async function withSlowRequest(policy: 'wait' | 'force' | 'stop'): Promise<TestInstallation & { slow: Promise<Response> }> {
  const running = await createTestInstallation(async (directory, url) => {
    const shop = await nodeShop(directory, url);
    return { ...shop, pool: { ...shop.pool, limits: { drain: { limitMs: 300, policy } } } };
  });
  await running.installation.bootMachines();
  const proxy = await running.installation.startProxy();
  await running.installation.startWorker();
  const begun = await fetch(`${proxy.url}/shop/cart`);
  const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
  const slow = fetch(`${proxy.url}/shop/slow?ms=${SLOW_MS[policy]}&item=late`, { headers: { cookie } });
  slow.catch(() => undefined);
  onTestFinished(() => slow.then(() => undefined).catch(() => undefined));
  return { ...running, slow };
}

test('over its limit the drain goes on waiting by default, and nothing is lost', async () => {
  const { slow, startRestart } = await withSlowRequest('wait');

  const result = await (await startRestart()).result();

  expect((await slow).status).toBe(200);
  expect(result.sessionsNotMoved).toBe(0);
});

test('by the policy force it restarts all the same, and says how many sessions stayed behind', async () => {
  const { startRestart } = await withSlowRequest('force');

  const result = await (await startRestart()).result();

  expect(result.sessionsNotMoved).toBe(1);
});

test('by the policy stop it waits for an operator, who can let it try again', async () => {
  const { slow, startRestart } = await withSlowRequest('stop');
  const handle = await startRestart();
  const waiting = async (): Promise<string | null> => (await handle.query<{ waiting: string | null }>('status')).waiting;
  await expect.poll(waiting, { timeout: 120_000 }).toContain('did not drain');
  const stoppedAt = performance.now();

  expect((await slow).status).toBe(200);
  const waitedMs = performance.now() - stoppedAt;
  await handle.executeUpdate<string, [{ reason?: string }]>('retry', { args: [{ reason: 'the slow page is done' }] });
  const { sessionsNotMoved, steps } = await handle.result();
  expect(sessionsNotMoved).toBe(0);
  // From its first attempt on, whatever it waited for in between.
  expect(steps.find(({ name }) => name === 'awaitDrain')?.ms).toBeGreaterThan(waitedMs);
});
