// An operator's word to a workflow that runs: sent as an update, answered or refused in words.

import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { OperatorError } from '../config/operator-error.js';
import type { TemporalConfig } from '../config/types.js';
import { causeOf } from '../workflows/failure-cause.js';
import type { OperatorNote } from '../workflows/messages.js';
import { askTemporal } from './ask-temporal.js';

export interface Word {
  pool: string;
  /** Name of the update. */
  update: string;
  reason?: string;
  /** Said again under the same id, it is said once. */
  updateId?: string;
}

/**
 * Resolves with the workflow's answer. UPDATE_REFUSED when it makes no sense now, NO_WORKER when nobody answers, and what `notRunning`
 * makes where there is nobody to tell.
 */
export async function sendUpdate(
  client: Client,
  { address }: Pick<TemporalConfig, 'address'>,
  handle: WorkflowHandle,
  { pool, update, reason, updateId }: Word,
  notRunning: (pool: string) => OperatorError,
): Promise<string> {
  const note: OperatorNote = reason === undefined ? {} : { reason };
  const options = { args: [note] as [OperatorNote], ...(updateId === undefined ? {} : { updateId }) };
  try {
    return await askTemporal(client, address, () => handle.executeUpdate<string, [OperatorNote]>(update, options));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw notRunning(pool);
    if (error instanceof OperatorError && error.cause instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
      // Is it Temporal that does not answer? Then this says so.
      await askTemporal(client, address, () => handle.describe());
      throw nobodyAnswers(pool, update, handle.workflowId);
    }
    const cause = error instanceof WorkflowUpdateFailedError ? causeOf(error.cause) : null;
    if (!(cause instanceof ApplicationFailure)) throw error;
    const look = `What it does and waits for tells: vm-rejuv status ${pool}`;
    throw new OperatorError('UPDATE_REFUSED', cause.message, look, { status: 409, cause });
  }
}

function nobodyAnswers(pool: string, update: string, workflowId: string): OperatorError {
  return new OperatorError(
    'NO_WORKER',
    `No worker has taken the update ${update} of ${workflowId} up in time; one may still do so.`,
    `Look whether one runs (vm-rejuv check), and what has come of it (vm-rejuv status ${pool}).`,
    { status: 503, retryable: true },
  );
}
