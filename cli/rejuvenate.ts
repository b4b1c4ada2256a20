// Starts a clean restart; with --watch, shows it until it has ended, also one that runs already.

import type { Client } from '@temporalio/client';
import { OperatorError } from '../config/operator-error.js';
import type { Config, TemporalConfig } from '../config/types.js';
import type { RunHandle } from '../worker/temporal-client.js';
import { connectTemporal, latestRestart, runHandle, startCleanRestart } from '../worker/temporal-client.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { choosePool } from './pool-option.js';
import { watch } from './watch.js';
import { warnWithoutWorker } from './worker-warning.js';

interface RejuvenateOptions extends OutputOptions {
  watch?: boolean;
  reason?: string;
}

/** Starts a clean restart of a pool. With `watch` it resolves when the restart has ended well, and throws what made it fail. */
export async function rejuvenate(config: Config, poolName: string, options: RejuvenateOptions): Promise<void> {
  const pool = choosePool(config, poolName).name;
  const client = await connectTemporal(config.temporal);
  try {
    const { run, started } = await startOrJoin(client, config.temporal, pool, options);
    const { workflowId } = run;
    const text = started
      ? `Clean restart of ${pool} started: ${workflowId}`
      : `Clean restart of ${pool} is already running, watching it: ${workflowId}`;
    print(options, text, { workflowId, pool, started });
    if (options.watch) await watch({ client, temporal: config.temporal, run, pool }, options);
    else await warnWithoutWorker(client, config.temporal, options);
  } finally {
    await client.connection.close();
  }
}

/** Only who watches has something from a restart that somebody else has started. */
async function startOrJoin(
  client: Client,
  temporal: TemporalConfig,
  pool: string,
  options: RejuvenateOptions,
): Promise<{ run: RunHandle; started: boolean }> {
  try {
    const { workflowId, firstExecutionRunId } = await startCleanRestart(client, temporal, pool, options.reason);
    return { run: runHandle(client, `${workflowId}/${firstExecutionRunId}`), started: true };
  } catch (error) {
    if (!options.watch || !(error instanceof OperatorError) || error.code !== 'RESTART_RUNNING') throw error;
    return { run: await latestRestart(client, temporal, pool), started: false };
  }
}
