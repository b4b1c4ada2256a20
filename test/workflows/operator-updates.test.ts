import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { expect, onTestFinished, test } from 'vitest';
import type { CleanRestartHandle } from '../../worker/temporal-client.js';
import type { OperatorNote } from '../../workflows/messages.js';
import { abortUpdate, retryUpdate, skipUpdate, statusQuery } from '../../workflows/messages.js';
import type { StepName } from '../../workflows/steps.js';
import { nodeShop } from '../../demo/node-shop.js';
import type { TestInstallation } from '../fixtures/installation.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { obstinateShop } from '../fixtures/obstinate-shop.js';

const HEALTH = { path: '/shop/health', bootTimeoutMs: 2000 };
const NOTE: { args: [OperatorNote] } = { args: [{ reason: 'a test' }] };

async function start(shop: Parameters<typeof createTestInstallation>[0]): Promise<TestInstallation & { url: string }> {
  const running = await createTestInstallation(shop);
  await running.installation.bootMachines('node-a');
  const { url } = await running.installation.startProxy();
  await running.installation.startWorker();
  return { ...running, url };
}

async function untilIn(step: StepName, handle: CleanRestartHandle): Promise<void> {
  await expect.poll(async () => (await handle.query(statusQuery)).step, { timeout: 60_000 }).toBe(step);
}

async function untilWaiting(handle: CleanRestartHandle): Promise<string> {
  const waiting = async (): Promise<string> => (await handle.query(statusQuery)).waiting ?? '';
  await expect.poll(waiting, { timeout: 60_000 }).not.toBe('');
  return waiting();
}

/** The type of the failure with which an update was refused. */
async function refusal(update: Promise<unknown>): Promise<string | null | undefined> {
  const error: unknown = await update.then(
    () => null,
    (reason: unknown) => reason,
  );
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : error;
  return cause instanceof ApplicationFailure ? cause.type : undefined;
}

/** A request that keeps the drain waiting. */
async function beginSlowRequest(url: string, ms: number): Promise<{ slow: Promise<Response> }> {
  const begun = await fetch(`${url}/shop/cart`);
  const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
  const slow = fetch(`${url}/shop/slow?ms=${ms}&item=late`, { headers: { cookie } });
  slow.catch(() => undefined);
  onTestFinished(() => slow.then(() => undefined).catch(() => undefined));
  return { slow };
}

test('abort, while the standby boots, leaves the pool as it was', async () => {
  const { shop, block } = obstinateShop();
  const { url, startRestart } = await start(shop);
  await block();
  const handle = await startRestart();
  await untilIn('bootStandby', handle);

  await handle.executeUpdate(abortUpdate, NOTE);

  await expect(handle.result()).rejects.toThrow();
  expect((await fetch(`${url}/shop/cart`)).status).toBe(200);
  // The pool is free: the next one is not refused.
  const next = await startRestart();
  await next.terminate();
});

test('updates that make no sense are refused by a restart that runs, with a reason', async () => {
  const { url, startRestart } = await start(nodeShop);
  const { slow } = await beginSlowRequest(url, 6000);
  const handle = await startRestart();
  await untilIn('awaitDrain', handle);

  for (const update of [retryUpdate, skipUpdate, abortUpdate]) {
    expect(await refusal(handle.executeUpdate(update, NOTE)), update.name).toBe('UPDATE_REFUSED');
  }

  expect((await slow).status).toBe(200);
  expect((await handle.result()).to).toBe('node-b');
});

test('a cancellation past the point of no return does not leave the pool half moved', async () => {
  const { url, startRestart } = await start(nodeShop);
  const { slow } = await beginSlowRequest(url, 6000);
  const handle = await startRestart();
  await untilIn('awaitDrain', handle);

  await handle.cancel();

  expect((await slow).status).toBe(200);
  expect(await handle.result()).toMatchObject({ to: 'node-b', sessionsNotMoved: 0 });
});

test('a primary that does not come back makes the restart wait, which retry tries again and skip goes past', async () => {
  const { shop, block } = obstinateShop({ health: HEALTH });
  const { url, startRestart, installation } = await start(shop);
  await installation.bootMachines();
  const handle = await startRestart();
  await untilIn('redirectTraffic', handle).catch(() => undefined);
  await block();

  expect(await untilWaiting(handle)).toContain('node-a did not get ready');
  expect((await fetch(`${url}/shop/cart`)).status).toBe(200);
  await handle.executeUpdate(retryUpdate, NOTE);
  expect(await untilWaiting(handle)).toContain('node-a did not get ready');
  await handle.executeUpdate(skipUpdate, NOTE);

  expect(await handle.result()).toMatchObject({ from: 'node-a', to: 'node-b' });
  expect((await fetch(`${url}/shop/cart`)).status).toBe(200);
});
