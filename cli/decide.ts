// An operator's word in a restart: the workflow's updates as commands.

import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { OperatorError } from '../config/operator-error.js';
import type { Config } from '../config/types.js';
import { openDatabase } from '../state/database.js';
import { askTemporal } from '../worker/ask-temporal.js';
import { connectTemporal } from '../worker/temporal-client.js';
import { causeOf } from '../workflows/failure-cause.js';
import { abortUpdate, retryUpdate, skipUpdate } from '../workflows/messages.js';
import { holderOf, openRestart } from './open-restart.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { choosePool } from './pool-option.js';
import { missingWorker } from './worker-warning.js';

const UPDATES = { retry: retryUpdate, skip: skipUpdate, abort: abortUpdate };

export type Decision = keyof typeof UPDATES;

interface DecideOptions extends OutputOptions {
  reason?: string;
}

/** Sends the update; RESTART_NOT_RUNNING without a restart, UPDATE_REFUSED when it makes no sense now. */
export async function decide(config: Config, poolName: string, decision: Decision, options: DecideOptions): Promise<void> {
  const pool = choosePool(config, poolName).name;
  const { temporal } = config;
  const client = await connectTemporal(temporal);
  const database = openDatabase(config.database.url);
  try {
    const run = await openRestart(client, temporal, database, pool);
    if (run === null) throw notRunning(pool);
    const { taskQueue, runId } = await askTemporal(client, temporal.address, () => run.describe());
    const missing = await missingWorker(client, { ...temporal, taskQueue });
    if (missing !== null) {
      if (decision !== 'abort' || (await holderOf(database, pool)) === `${run.workflowId}/${runId}`) throw missing;
      // Nobody has taken it up, so there is nothing to give back; and nobody would take up the update either.
      await askTemporal(client, temporal.address, () => run.terminate(options.reason ?? 'vm-rejuv abort'));
      const answer = 'abort: nobody had taken the restart up';
      return print(options, answer, { pool, workflowId: run.workflowId, update: decision, answer });
    }
    const note = options.reason === undefined ? {} : { reason: options.reason };
    const answer = await askTemporal(client, temporal.address, () =>
      run.executeUpdate(UPDATES[decision], { args: [note] }),
    ).catch((error: unknown) => {
      throw readable(error, pool);
    });
    print(options, answer, { pool, workflowId: run.workflowId, update: decision, answer });
  } finally {
    await client.connection.close();
    await database.end();
  }
}

function readable(error: unknown, pool: string): unknown {
  if (error instanceof WorkflowNotFoundError) return notRunning(pool);
  const cause = error instanceof WorkflowUpdateFailedError ? causeOf(error.cause) : null;
  if (!(cause instanceof ApplicationFailure)) return error;
  const look = `What it does and waits for tells: vm-rejuv status ${pool}`;
  return new OperatorError('UPDATE_REFUSED', cause.message, look, { status: 409, cause });
}

function notRunning(pool: string): OperatorError {
  return new OperatorError(
    'RESTART_NOT_RUNNING',
    `No restart of pool ${pool} runs.`,
    `There is nothing to decide; how the last one has ended: vm-rejuv status ${pool}`,
    {
      status: 409,
    },
  );
}
