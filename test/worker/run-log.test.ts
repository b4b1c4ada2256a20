import type { Context } from '@temporalio/activity';
import { expect, test } from 'vitest';
import { createRunLog } from '../../worker/run-log.js';

type Interceptors = ReturnType<ReturnType<typeof createRunLog>>;

/** Runs activities as a worker does, each with its result; resolves with the log. */
function createWorker(): {
  log: string[];
  run: (activityType: string, result: unknown, input?: object, attempt?: number) => Promise<void>;
} {
  const log: string[] = [];
  const interceptors = createRunLog(writingTo(log));
  return {
    log,
    async run(activityType, result, input = {}, attempt = 1) {
      const info = { activityType, attempt, workflowExecution: { workflowId: 'fail-over/shop', runId: '1' } };
      const { inbound }: Interceptors = interceptors({ info } as Context);
      await inbound?.execute?.({ args: [input], headers: {} }, () => Promise.resolve(result));
    },
  };
}

/** A logger that keeps each line behind its level. */
function writingTo(log: string[]): Parameters<typeof createRunLog>[0] {
  return { info: (line) => log.push(`INFO ${line}`), warn: (line) => log.push(`WARN ${line}`) };
}

const down = { pool: 'shop', wanted: { by: 'down', reason: 'a: no answer' } };
const flapping = { verdict: 'ask', code: 'FLAPPING', text: 'Somebody has to say.' };

test('a fail-over is warned of when it waits, once however often policy is asked, and is news when it begins and ends', async () => {
  const { log, run } = createWorker();
  const failedOver = { saved: 3, lost: 1, reason: null, isBack: true };

  await run('judgeRestart', flapping, down);
  await run('judgeRestart', flapping, down);
  await run('judgeRestart', { verdict: 'go', code: 'ALLOWED', text: 'Go.' }, down);
  await run('prepareStandby', { from: 'a', to: 'b' });
  await run('prepareStandby', { from: 'a', to: 'b' }, {}, 2);
  await run('concludeFailOver', { from: 'a', to: 'b', failedOver, tookMs: 8100 });
  await run('judgeRestart', flapping, down);

  const wish = 'pool/shop: the fail-over wanted by down (a: no answer)';
  expect(log).toEqual([
    `WARN ${wish} waits for approval: FLAPPING: Somebody has to say.`,
    `INFO ${wish} begins: ALLOWED: Go.`,
    'INFO fail-over/shop begins',
    'INFO fail-over/shop has ended well: a to b, 3 sessions saved as they were last stored, without later changes, about 1 lost, 8100 ms in all; a is back as the standby',
    `WARN ${wish} waits for approval: FLAPPING: Somebody has to say.`,
  ]);
});

test('what is declined is told with its reason, of each pool and wish by itself', async () => {
  const { log, run } = createWorker();
  const never = { verdict: 'no', code: 'NO_FAIL_OVER', text: 'Policy has none.' };

  await run('judgeRestart', never, down);
  await run('judgeRestart', never, { ...down, pool: 'blog' });
  await run('judgeRestart', never, { pool: 'shop', wanted: { by: 'aging', reason: null } });

  expect(log).toEqual([
    'WARN pool/shop: the fail-over wanted by down (a: no answer) is declined: NO_FAIL_OVER: Policy has none.',
    'WARN pool/blog: the fail-over wanted by down (a: no answer) is declined: NO_FAIL_OVER: Policy has none.',
    'WARN pool/shop: the restart wanted by aging is declined: NO_FAIL_OVER: Policy has none.',
  ]);
});

test('an activity that fails says nothing here: its failure has its own line', async () => {
  const log: string[] = [];
  const info = { activityType: 'concludeFailOver', attempt: 1, workflowExecution: { workflowId: 'fail-over/shop', runId: '1' } };
  const { inbound } = createRunLog(writingTo(log))({ info } as Context);

  await expect(inbound?.execute?.({ args: [{}], headers: {} }, () => Promise.reject(new Error('gone')))).rejects.toThrow('gone');

  expect(log).toEqual([]);
});
