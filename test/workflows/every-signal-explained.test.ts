// What policy says is made up here: it waits until all signals have arrived.

import { expect, test } from 'vitest';
import type { supervisePool } from '../../workflows/supervise-pool.js';
import * as messages from '../../workflows/supervisor-messages.js';
import type { MadeUpWorker } from '../fixtures/made-up-worker.js';
import { startMadeUpWorker } from '../fixtures/made-up-worker.js';

const PATIENCE = { timeout: 30_000 };

type Sent = ['agingDetected' | 'rejuvenate' | 'serverDown', object];
const SIGNALS: Sent[] = [
  ['agingDetected', { by: 'age' }],
  ['agingDetected', { evidence: 'slow' }],
  ['rejuvenate', { reason: 'release' }],
  ['serverDown', { evidence: 'no answer' }],
];

function permutations<T>(of: readonly T[]): T[][] {
  if (of.length === 0) return [[]];
  return of.flatMap((first, at) => permutations(of.toSpliced(at, 1)).map((rest) => [first, ...rest]));
}

/** Policy, which says nothing before `speak` is called; then that it is to wait. */
async function startSlowPolicy(): Promise<MadeUpWorker & { speak: () => void }> {
  let speak: (() => void) | undefined;
  const spoken = new Promise<void>((resolve) => (speak = resolve));
  const worker = await startMadeUpWorker({
    requirePools: () => Promise.resolve(),
    canList: () => Promise.resolve(false),
    judgeRestart: async () => {
      await spoken;
      return { verdict: 'later', code: 'COOLDOWN', text: 'So it is.', untilMs: null, judgedAtMs: Date.now() };
    },
  });
  return { ...worker, speak: () => speak?.() };
}

test('each of several signals at once has an explanation of its own, in whatever order they arrive', async () => {
  const { client, taskQueue, speak } = await startSlowPolicy();
  const supervisors = await Promise.all(
    permutations(SIGNALS).map(async (order, at) => {
      const name = `${taskQueue}-${at}`;
      const supervisor = await client.workflow.start<typeof supervisePool>('supervisePool', {
        ...{ workflowId: `pool/${name}`, taskQueue, args: [{ pool: name }] },
      });
      for (const [signal, input] of order) await supervisor.signal(signal, input);
      return { supervisor, order };
    }),
  );
  for (const { supervisor } of supervisors)
    await expect.poll(async () => (await supervisor.query(messages.poolStatusQuery)).signals, PATIENCE).toBe(SIGNALS.length);

  speak();

  for (const { supervisor, order } of supervisors) {
    const state = async (): Promise<string> => (await supervisor.query(messages.poolStatusQuery)).state;
    await expect.poll(state, PATIENCE).toBe('waiting-for-its-time');
    const history = await supervisor.query(messages.historyQuery);
    // Whoever is taken up is answered once more, by policy or by what takes its place.
    const answers = (signal: string): number =>
      history.filter(({ what, code }) => what === signal && code !== 'TAKEN_UP').reduce((sum, { count }) => sum + count, 0);
    const inOrder = order.map(([signal]) => signal).join(', ');
    expect(answers('agingDetected'), inOrder).toBe(2);
    expect(answers('rejuvenate'), inOrder).toBe(1);
    expect(answers('serverDown'), inOrder).toBe(1);
    await supervisor.terminate();
  }
});

test('a wish that an operator rejects before policy has spoken of it is answered as well', async () => {
  const { client, taskQueue, speak } = await startSlowPolicy();
  const supervisor = await client.workflow.start<typeof supervisePool>('supervisePool', {
    ...{ workflowId: `pool/${taskQueue}`, taskQueue, args: [{ pool: taskQueue }] },
  });
  await supervisor.signal(messages.agingDetectedSignal, { evidence: 'slow' });
  await expect.poll(async () => (await supervisor.query(messages.poolStatusQuery)).wanted, PATIENCE).not.toBeNull();

  await supervisor.executeUpdate(messages.rejectUpdate, { args: [{}] });

  const history = await supervisor.query(messages.historyQuery);
  expect(history.map(({ what, code, reason }) => [what, code, reason])).toEqual([
    ['agingDetected', 'REJECTED', 'slow'],
    ['reject', 'REJECTED', null],
  ]);
  speak();
  await supervisor.terminate();
});
