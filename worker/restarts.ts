// What a restart is told, and how one ends, as Temporal has it.

import type { Client } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { Decision, Restarts } from '../activities/deps.js';
import { OperatorError } from '../config/operator-error.js';
import type { TemporalConfig } from '../config/types.js';
import { causeOf, codeOf, reasonOf } from '../workflows/failure-cause.js';
import type { Word } from './send-update.js';
import { sendUpdate } from './send-update.js';
import type { RunHandle } from './temporal-client.js';
import { runHandle } from './temporal-client.js';

const FORGOTTEN = { ended: 'badly', code: 'RESTART_FAILED', message: 'Temporal does not know the restart any more.' } as const;

export function createRestarts(client: Client, temporal: TemporalConfig): Restarts {
  return {
    end: (run, signal) =>
      client.withAbortSignal(signal, async () => {
        try {
          await runHandle(client, run).result();
          return { ended: 'well' };
        } catch (error) {
          if (error instanceof WorkflowNotFoundError) return FORGOTTEN;
          if (!(error instanceof WorkflowFailedError)) throw error;
          return { ended: 'badly', code: codeOf(error) ?? 'RESTART_FAILED', message: reasonOf(causeOf(error.cause)) };
        }
      }),
    tell: ({ run, pool, decision, reason }, updateId) =>
      tellRun(client, temporal, {
        ...{ run: runHandle(client, run), pool, decision, updateId },
        ...(reason === null ? {} : { reason }),
      }),
  };
}

interface RestartWord extends Omit<Word, 'update'> {
  run: RunHandle;
  decision: Decision;
}

/** Sends the update, and resolves with its answer. RESTART_NOT_RUNNING, or UPDATE_REFUSED when it makes no sense now. */
export function tellRun(
  client: Client,
  temporal: Pick<TemporalConfig, 'address'>,
  { run, decision, ...word }: RestartWord,
): Promise<string> {
  return sendUpdate(client, temporal, run, { ...word, update: decision }, restartNotRunning);
}

export function restartNotRunning(pool: string): OperatorError {
  return new OperatorError(
    'RESTART_NOT_RUNNING',
    `No restart of pool ${pool} runs.`,
    `There is nothing to decide; how the last one has ended: vm-rejuv status ${pool}`,
    { status: 409 },
  );
}
