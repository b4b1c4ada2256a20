// What policy and the hypervisor say is made up here: whole fail-overs are in test/slow/workflows.

import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import type { Judgement, Wanted } from '../../policy/may-restart.js';
import type { supervisePool } from '../../workflows/supervise-pool.js';
import type { PoolStatus, Supervision } from '../../workflows/supervision.js';
import { AT_REST } from '../../workflows/supervision.js';
import * as messages from '../../workflows/supervisor-messages.js';
import { startMadeUpWorker } from '../fixtures/made-up-worker.js';

const HOUR_MS = 3_600_000;
const PATIENCE = { timeout: 30_000 };

interface Supervised {
  supervisor: WorkflowHandle<typeof supervisePool>;
  /** What policy was asked about, the latest last. */
  asked: Wanted[];
  status: () => Promise<PoolStatus>;
}

/** A supervisor in the middle of its life, of a pool whose name stands for POOL; `judge` is policy. */
async function supervised(
  carried: Partial<Supervision>,
  judge: (wanted: Wanted) => Pick<Judgement, 'verdict' | 'code' | 'untilMs'>,
): Promise<Supervised> {
  const asked: Wanted[] = [];
  const { client, taskQueue } = await startMadeUpWorker({
    canList: () => Promise.resolve(false),
    judgeRestart: ({ wanted }: { wanted: Wanted }) => {
      asked.push(wanted);
      return Promise.resolve({ text: 'So it is.', judgedAtMs: Date.now(), ...judge(wanted) });
    },
    followRestart: () => Promise.resolve({ ended: 'failed', code: 'HYPERVISOR_FAILED', message: 'It does not answer.' }),
  });
  const running = carried.running?.replace('POOL', taskQueue) ?? null;
  const supervisor = await client.workflow.start<typeof supervisePool>('supervisePool', {
    ...{ workflowId: `pool/${taskQueue}`, taskQueue },
    args: [{ pool: taskQueue, carried: { ...AT_REST, sinceMs: Date.now() - 30 * HOUR_MS, ...carried, running } }],
  });
  return { supervisor, asked, status: () => supervisor.query(messages.poolStatusQuery) };
}

const askAlways = (): Pick<Judgement, 'verdict' | 'code' | 'untilMs'> => ({ verdict: 'ask', code: 'ANY', untilMs: null });

test.each<[string, Partial<Supervision>, boolean]>([
  ["is an operator's decision half an hour later", { isFailOverDeclined: true, downToldMs: Date.now() - HOUR_MS / 2 }, true],
  [
    'begins by itself where nobody has told of that outage for hours',
    { isFailOverDeclined: true, downToldMs: Date.now() - 2 * HOUR_MS },
    false,
  ],
  [
    "is an operator's decision where it has taken hours to fail",
    { running: 'fail-over/POOL/run', downToldMs: Date.now() - 2 * HOUR_MS },
    true,
  ],
])('after a fail-over that was rejected or has failed the next one %s', async (_when, carried, mustAsk) => {
  const { supervisor, asked, status } = await supervised(carried, askAlways);
  await expect.poll(async () => (await status()).running, PATIENCE).toBeNull();

  await supervisor.signal(messages.serverDownSignal, { evidence: 'no answer', machine: 'a' });

  await expect.poll(() => asked, PATIENCE).toHaveLength(1);
  expect(asked[0]?.mustAsk ?? false).toBe(mustAsk);
});

test('what waits for approval can be approved while policy is asked once more, and while it cannot be asked', async () => {
  let isAway = false;
  const { supervisor, asked, status } = await supervised({}, ({ isApproved }) => {
    if (isApproved) return { verdict: 'later', code: 'STANDBY_ILL', untilMs: null };
    if (isAway) throw ApplicationFailure.nonRetryable('The database does not answer.', 'DATABASE_UNREACHABLE');
    isAway = true;
    return { verdict: 'ask', code: 'APPROVAL_NEEDED', untilMs: Date.now() + 100 };
  });
  await supervisor.signal(messages.agingDetectedSignal, {});
  await expect.poll(() => asked, PATIENCE).toHaveLength(2);
  // It is asked again only in a while.
  await expect.poll(async () => (await status()).judgement?.untilMs, PATIENCE).toBeGreaterThan(Date.now() + 10_000);
  expect(await status()).toMatchObject({ state: 'waiting-for-approval', judgement: { code: 'APPROVAL_NEEDED' } });

  await supervisor.executeUpdate(messages.approveUpdate, { args: [{}] });

  await expect.poll(async () => (await status()).judgement?.code, PATIENCE).toBe('STANDBY_ILL');
  expect(asked.at(-1)?.isApproved).toBe(true);
});
