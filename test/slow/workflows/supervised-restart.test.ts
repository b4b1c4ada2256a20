import { expect, test } from 'vitest';
import { abortUpdate, retryUpdate, statusQuery } from '../../../workflows/messages.js';
import * as messages from '../../../workflows/supervisor-messages.js';
import { obstinateShop } from '../../fixtures/obstinate-shop.js';
import { supervised } from '../../fixtures/supervised.js';

const PATIENCE = { timeout: 60_000, interval: 20 };

test('an operator reaches the restart through its supervisor, which has every answer', async () => {
  const { shop, block, clear } = obstinateShop({ health: { path: '/shop/health', bootTimeoutMs: 2000 } });
  const { installation, client, supervisor, status, history } = await supervised({ cooldownMs: 0 }, { shop });
  const restart = client.workflow.getHandle(`clean-restart/${installation.pool.name}`);
  const waits = async (): Promise<boolean> => (await restart.query(statusQuery)).waiting !== null;
  const answers = async (): Promise<string[]> => (await history()).map(({ what, code }) => `${what} ${code}`);

  await supervisor.signal(messages.rejuvenateSignal, { reason: 'release' });
  await expect.poll(async () => (await status()).running, PATIENCE).toMatch(/^clean-restart\/.*\/.*/);
  await block();
  await expect.poll(waits, PATIENCE).toBe(true);
  await expect(supervisor.executeUpdate(abortUpdate, { args: [{}] })).rejects.toThrow();
  await clear();
  await supervisor.executeUpdate(retryUpdate, { args: [{ reason: 'the way is clear' }] });
  await expect.poll(answers, PATIENCE).toContain('restart DONE');

  expect(await answers()).toEqual([
    'rejuvenate ALLOWED',
    'restart STARTED',
    'abort NOT_PASSED_ON',
    'retry PASSED_ON',
    'restart DONE',
  ]);
  await expect(supervisor.executeUpdate(retryUpdate, { args: [{}] })).rejects.toThrow();
});

test('a restart that is terminated is told as failed, and the next one is free to begin', async () => {
  const { shop, block, clear } = obstinateShop({ health: { path: '/shop/health', bootTimeoutMs: 2000 } });
  const { installation, client, supervisor, status, history } = await supervised({ cooldownMs: 0 }, { shop });
  const restart = client.workflow.getHandle(`clean-restart/${installation.pool.name}`);

  await supervisor.signal(messages.rejuvenateSignal, {});
  await expect.poll(async () => (await status()).running, PATIENCE).toMatch(/^clean-restart\/.*\/.*/);
  await block();
  await expect.poll(async () => (await restart.query(statusQuery)).waiting !== null, PATIENCE).toBe(true);
  await restart.terminate('a test');
  await expect.poll(async () => (await history()).map(({ code }) => code), PATIENCE).toContain('RESTART_FAILED');
  await clear();
  await supervisor.signal(messages.rejuvenateSignal, { reason: 'go on' });

  await expect.poll(async () => (await history()).map(({ code }) => code), PATIENCE).toContain('DONE');
  expect((await status()).state).toBe('watching');
});

test('what is wrong is open until it is told to be over, and stands in the history', async () => {
  const { supervisor, status, history } = await supervised({});
  const about = 'sampler jmx';

  await supervisor.signal(messages.anomalySeenSignal, { about, evidence: 'refused' });
  await supervisor.signal(messages.anomalySeenSignal, { evidence: 'by hand' });
  // Told apart by their ends alone.
  const pools = ['nmethods', 'profiled nmethods'].map(
    (name) => `sampler prometheus jvm_memory_used_bytes:nonheap:CodeHeap 'non-${name}'`,
  );
  for (const pool of pools) await supervisor.signal(messages.anomalySeenSignal, { about: pool, evidence: 'no metric' });
  await expect
    .poll(async () => (await status()).anomalies, PATIENCE)
    .toMatchObject([{ about, evidence: 'refused' }, ...pools.map((pool) => ({ about: pool }))]);
  for (const pool of pools) await supervisor.signal(messages.anomalySeenSignal, { about: pool, isOver: true });
  await supervisor.signal(messages.anomalySeenSignal, { about, isOver: true });
  await expect.poll(async () => (await status()).anomalies, PATIENCE).toEqual([]);

  expect((await history()).map(({ what, code }) => `${what} ${code}`)).toEqual(['anomalySeen NOTED', 'anomalySeen OVER']);
});
