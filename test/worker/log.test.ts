import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import type { LogEntry } from '@temporalio/worker';
import { expect, inject, test } from 'vitest';
import { nodeShop } from '../../demo/node-shop.js';
import { createLogger, renderEntry } from '../../worker/log.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { startRelay } from '../fixtures/relay.js';

test('the beginning, a failed attempt and a failed restart are one line each, with code and remedy and without a stack trace', async () => {
  const { installation, startRestart } = await createTestInstallation(nodeShop);
  const { name } = installation.pool;
  await installation.bootMachines();
  await installation.startWorker();
  const handle = await startRestart();
  await handle.result().catch(() => undefined);

  const lines = (): string[] => readFileSync(join(installation.directory, 'worker.log'), 'utf8').trim().split('\n').slice(1);
  await expect.poll(lines).toHaveLength(3);
  const failure = `NO_PROXY: No proxy is registered for pool ${name}. Start one with "vm-rejuv proxy" and try again.`;
  expect(lines()[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z INFO /);
  expect(lines().map((line) => line.slice(25))).toEqual([
    `INFO clean-restart/${name} begins`,
    `WARN bootStandby of ${name}, attempt 1: ${failure}`,
    `WARN clean-restart/${name} has failed: ${failure}`,
  ]);
});

test("what Temporal's runtime says of a server that has gone is lines like any other, without colours", async () => {
  const { installation } = await createTestInstallation(nodeShop);
  const relay = await startRelay(inject('temporalAddress'));
  installation.env['VM_REJUV_TEMPORAL_ADDRESS'] = relay.address;
  await installation.startWorker();
  relay.cut();

  const lines = (): string[] => readFileSync(join(installation.directory, 'worker.log'), 'utf8').trim().split('\n').slice(1);
  await expect.poll(lines, { timeout: 60_000 }).not.toEqual([]);
  for (const line of lines()) expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z (WARN|ERROR) [^\x1b]+$/);
});

test("what a restart comes to is told, and what Temporal's runtime merely does is not", () => {
  const written: string[] = [];
  const logger = createLogger((line) => written.push(line));

  logger.info('clean-restart/shop begins');
  logger.info('pool/shop: APPROVED: It begins.', { sdkComponent: 'workflow' });
  logger.info('Worker state changed', { sdkComponent: 'worker' });
  logger.warn('Worker is slow', { sdkComponent: 'worker' });

  expect(written.map((line) => line.slice(25))).toEqual([
    'INFO clean-restart/shop begins\n',
    'INFO pool/shop: APPROVED: It begins.\n',
    'WARN Worker is slow\n',
  ]);
});

test('what says more than a line is brought to one; its stack trace is for who looks for a mistake of ours', () => {
  const cause = new Error('one\n  two');
  const error = ApplicationFailure.create({ type: 'NO_PROXY', message: 'Nobody is there.\nStart one.', cause });
  const meta = { activityType: 'bootStandby', pool: 'shop', attempt: 7, error };
  const entry: LogEntry = { level: 'WARN', timestampNanos: 0n, message: 'Activity failed', meta };

  const line = '1970-01-01T00:00:00.000Z WARN bootStandby of shop, attempt 7: NO_PROXY: Nobody is there. Start one.';
  expect(renderEntry(entry, false)).toBe(line);
  expect(renderEntry(entry, true)).toMatch(/attempt 7: NO_PROXY.*\n.*Nobody is there[^]*\n +at /);
  expect(renderEntry({ ...entry, meta: { ...meta, error: new Error('wrapped', { cause }) } }, false)).toMatch(/: one two$/);
  expect(renderEntry({ ...entry, message: 'gRPC call failed', meta: { target: 'a' } }, false)).toMatch(/WARN gRPC call failed$/);
});
