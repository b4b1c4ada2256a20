// An operator's word in a restart: the workflow's updates as commands.

import type { Decision } from '../activities/deps.js';
import type { Config } from '../config/types.js';
import { openDatabase } from '../state/database.js';
import { askTemporal } from '../worker/ask-temporal.js';
import { restartNotRunning, tellRun } from '../worker/restarts.js';
import { connectTemporal } from '../worker/temporal-client.js';
import { holderOf, openRestart } from './open-restart.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { choosePool } from './pool-option.js';
import { missingWorker } from './worker-warning.js';

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
    if (run === null) throw restartNotRunning(pool);
    const { taskQueue, runId } = await askTemporal(client, temporal.address, () => run.describe());
    const missing = await missingWorker(client, { ...temporal, taskQueue });
    if (missing !== null) {
      if (decision !== 'abort' || (await holderOf(database, pool)) === `${run.workflowId}/${runId}`) throw missing;
      // Nobody has taken it up, so there is nothing to give back; and nobody would take up the update either.
      await askTemporal(client, temporal.address, () => run.terminate(options.reason ?? 'vm-rejuv abort'));
      const answer = 'abort: nobody had taken the restart up';
      return print(options, answer, { pool, workflowId: run.workflowId, update: decision, answer });
    }
    const { reason } = options;
    const answer = await tellRun(client, temporal, { run, pool, decision, ...(reason === undefined ? {} : { reason }) });
    print(options, answer, { pool, workflowId: run.workflowId, update: decision, answer });
  } finally {
    await client.connection.close();
    await database.end();
  }
}
