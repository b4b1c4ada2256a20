// The activities are made up here: what they do is in test/activities/fail-over.test.ts.

import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';
import type { failOver } from '../../workflows/fail-over.js';
import { retryUpdate, skipUpdate, statusQuery } from '../../workflows/messages.js';
import { startMadeUpWorker } from '../fixtures/made-up-worker.js';

const PATIENCE = { timeout: 30_000 };

beforeAll(() => Runtime.install({ logger: new DefaultLogger('ERROR') }));

test('route is told that it is tried again, and by a skip to go on without what it has to rescue', async () => {
  const routed: unknown[] = [];
  const pair = { from: 'a', to: 'b' };
  const rescued = { saved: 3, lost: 1 };
  const { client, taskQueue } = await startMadeUpWorker({
    canList: () => Promise.resolve(false),
    prepareStandby: () => Promise.resolve(pair),
    fence: () => Promise.resolve(),
    rescueSessions: () => Promise.resolve(rescued),
    route: (input: { withoutRescue?: boolean }) => {
      routed.push(input);
      if (input.withoutRescue === true) return Promise.resolve(null);
      throw ApplicationFailure.nonRetryable('The store is gone.', 'HANDOVER_FAILED');
    },
    bringBack: () => Promise.resolve(),
    concludeFailOver: (input: object) => Promise.resolve({ ...input, tookMs: 1 }),
  });
  const workflowId = `fail-over/${taskQueue}`;
  const handle = await client.workflow.start<typeof failOver>('failOver', { workflowId, taskQueue, args: [{ pool: 'shop' }] });
  const untilItWaits = async (times: number): Promise<void> => {
    await expect.poll(() => routed.length, PATIENCE).toBe(times);
    await expect.poll(async () => (await handle.query(statusQuery)).waiting, PATIENCE).toBe('The store is gone.');
  };

  await untilItWaits(1);
  expect(await handle.executeUpdate(retryUpdate, { args: [{}] })).toMatch(/^retry: route is tried again now/);
  await untilItWaits(2);
  expect(await handle.executeUpdate(skipUpdate, { args: [{}] })).toMatch(/^skip: route is tried again now, to go on without/);

  expect(await handle.result()).toMatchObject({ ...pair, failedOver: { saved: 3, lost: null, isBack: true } });
  const input = { pool: 'shop', ...pair, isFenced: true };
  expect(routed).toEqual([input, { ...input, isRepeated: true }, { ...input, isRepeated: true, withoutRescue: true }]);
});
