// What a restart is told, and how one ends, as Temporal has it.

import type { Client } from '@temporalio/client';
import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import type { Decision, Restarts } from '../activities/deps.js';
import { OperatorError } from '../config/operator-error.js';
import type { TemporalConfig } from '../config/types.js';
import { causeOf, codeOf, reasonOf } from '../workflows/failure-cause.js';
import { abortUpdate, retryUpdate, skipUpdate } from '../workflows/messages.js';
import { askTemporal } from './ask-temporal.js';
import type { RunHandle } from './temporal-client.js';
import { runHandle } from './temporal-client.js';

const UPDATES = { retry: retryUpdate, skip: skipUpdate, abort: abortUpdate };

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

export interface Word {
  run: RunHandle;
  pool: string;
  decision: Decision;
  reason?: string;
  /** Said again under the same id, it is said once. */
  updateId?: string;
}

/** Sends the update, and resolves with its answer. RESTART_NOT_RUNNING, or UPDATE_REFUSED when it makes no sense now. */
export async function tellRun(
  client: Client,
  { address }: Pick<TemporalConfig, 'address'>,
  { run, pool, decision, reason, updateId }: Word,
): Promise<string> {
  const note = reason === undefined ? {} : { reason };
  try {
    return await askTemporal(client, address, () =>
      run.executeUpdate(UPDATES[decision], { args: [note], ...(updateId === undefined ? {} : { updateId }) }),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw restartNotRunning(pool);
    const cause = error instanceof WorkflowUpdateFailedError ? causeOf(error.cause) : null;
    if (!(cause instanceof ApplicationFailure)) throw error;
    const look = `What it does and waits for tells: vm-rejuv status ${pool}`;
    throw new OperatorError('UPDATE_REFUSED', cause.message, look, { status: 409, cause });
  }
}

export function restartNotRunning(pool: string): OperatorError {
  return new OperatorError(
    'RESTART_NOT_RUNNING',
    `No restart of pool ${pool} runs.`,
    `There is nothing to decide; how the last one has ended: vm-rejuv status ${pool}`,
    { status: 409 },
  );
}
