import { expect, test } from 'vitest';
import * as messages from '../../workflows/supervisor-messages.js';
import { rounds } from '../fixtures/rounds.js';
import { supervised } from '../fixtures/supervised.js';

const SIGNALS = rounds(10_000, 2_000);
const AT_ONCE = 200;
const PATIENCE = { timeout: 400_000 };

test(`${SIGNALS} signals at once, of all kinds, end in one restart and are all accounted for`, async () => {
  const { supervisor, client, history, status } = await supervised({ cooldownMs: 3_600_000 });
  const send = (n: number): Promise<void> => {
    if (n % 4 === 0) return supervisor.signal(messages.agingDetectedSignal, { evidence: `sign ${n}` });
    if (n % 4 === 1) return supervisor.signal(messages.serverDownSignal, {});
    return supervisor.signal(messages.rejuvenateSignal, { reason: n % 4 === 2 ? 'all do' : `the ${n}th` });
  };

  for (let sent = 0; sent < SIGNALS; sent += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => send(sent + index)));

  // Its own monitor may tell it of anomalies besides: on a machine that takes so many signals a standby may not answer in time.
  await expect.poll(async () => (await status()).signals, PATIENCE).toBeGreaterThanOrEqual(SIGNALS);
  await expect.poll(async () => (await history()).map(({ code }) => code), PATIENCE).toContain('DONE');
  const told = (await history()).filter(({ what }) => what !== 'restart' && what !== 'anomalySeen');
  // The one that was taken up by the restart of an operator, or waits for the cooldown, is explained by policy, once each time it is asked.
  expect(told.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(SIGNALS - 1);
  const { taskQueue } = await supervisor.describe();
  const runs = new Set<string>();
  let restarts = 0;
  for await (const { workflowId, runId, type } of client.workflow.list({ query: `TaskQueue = '${taskQueue}'` })) {
    if (type === 'cleanRestart') restarts++;
    if (workflowId === supervisor.workflowId) runs.add(runId);
  }
  expect(restarts).toBe(1);
  // Temporal takes 10,000 signals of one run.
  expect(runs.size).toBeGreaterThan(rounds(1, 0));
}, 900_000);
