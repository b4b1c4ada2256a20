// What Temporal answers is made up here: its words are those of its server.

import type { Client } from '@temporalio/client';
import { QueryNotRegisteredError } from '@temporalio/client';
import { expect, test } from 'vitest';
import { askWorker } from '../../worker/ask-worker.js';

const temporal = { address: 'nowhere:1', addressIsGiven: true, namespace: 'default', taskQueue: 'shop' };
const client = { withDeadline: (_deadline: number, ask: () => Promise<unknown>) => ask() } as unknown as Client;

/** As the client throws it, in words of its own. */
function said(code: number, details: string): Error {
  const cause = Object.assign(new Error(details), { code, details, metadata: {} });
  return new Error('Failed to query Workflow', { cause });
}

test.each([
  ['no worker has polled for long', said(9, 'no poller seen for task queue recently, worker may be down'), 'NO_WORKER'],
  ['nobody has answered in time', said(4, 'Deadline exceeded'), 'NO_WORKER'],
  [
    "the workflow's last task has failed",
    said(9, 'Cannot query workflow due to Workflow Task in failed state.'),
    'WORKER_FAILED',
  ],
  ['the worker cannot go on with it', new QueryNotRegisteredError('[TMPRL1100] Nondeterminism error', 3), 'WORKER_FAILED'],
  ['Temporal itself has too much to do', said(8, 'namespace rate limit exceeded'), 'TEMPORAL_UNREACHABLE'],
])('where %s, a question to a workflow ends as that', async (_why, thrown, code) => {
  await expect(askWorker(client, temporal, () => Promise.reject(thrown))).rejects.toMatchObject({ code });
});

test('a mistake of ours is no trouble of the worker, and an answer is the answer', async () => {
  const mistake = new TypeError('undefined is not a function');

  await expect(askWorker(client, temporal, () => Promise.reject(mistake))).rejects.toBe(mistake);
  expect(await askWorker(client, temporal, () => Promise.resolve(7))).toBe(7);
});
