// Starts a clean restart; with --watch, shows it until it has ended, also one that runs already.

import type { Client } from '@temporalio/client';
import { restartRunning } from '../activities/errors.js';
import { OperatorError } from '../config/operator-error.js';
import type { Config, TemporalConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import { openDatabase } from '../state/database.js';
import { readPool } from '../state/pool.js';
import type { RunHandle } from '../worker/temporal-client.js';
import { connectTemporal, runHandle, startCleanRestart } from '../worker/temporal-client.js';
import { isFailOver } from '../workflows/workflow-ids.js';
import { openRestart } from './open-restart.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { warnWhilePaused } from './pause-warning.js';
import { choosePool } from './pool-option.js';
import { uncleanWaitMs } from './unclean-wait.js';
import { watch } from './watch.js';
import { warnWithoutWorker } from './worker-warning.js';

/** What shells report of a process that Ctrl-C has ended. */
const STOPPED_WATCHING = 130;

interface RejuvenateOptions extends OutputOptions {
  watch?: boolean;
  reason?: string;
}

/** Starts a clean restart of a pool. With `watch` it resolves when the restart has ended well, and throws what made it fail. */
export async function rejuvenate(config: Config, poolName: string, options: RejuvenateOptions): Promise<void> {
  const pool = choosePool(config, poolName);
  const { name } = pool;
  const leave = (): void => {
    console.error(
      `The restart goes on. How far it is: vm-rejuv status ${name}; until the standby takes traffic it can be given up: vm-rejuv abort ${name}`,
    );
    process.exit(STOPPED_WATCHING);
  };
  const client = await connectTemporal(config.temporal);
  const database = openDatabase(config.database.url);
  try {
    const { run, started } = await startOrJoin(client, config.temporal, database, name, options);
    const { workflowId } = run;
    const text = started
      ? `Clean restart of ${name} started: ${workflowId}`
      : `${isFailOver(name, workflowId) ? 'Fail-over' : 'Clean restart'} of ${name} is already running, watching it: ${workflowId}`;
    const hint = options.watch ? '' : `\nHow far it is tells: vm-rejuv status ${name}`;
    print(options, `${text}${hint}`, { workflowId, pool: name, started });
    if (started) await warnWhilePaused(client, config.temporal, pool);
    if (!options.watch) return await warnWithoutWorker(client, config.temporal, options);
    const uncleanWait = async (): Promise<number | null> => uncleanWaitMs(pool, await readPool(database, name), database);
    process.once('SIGINT', leave);
    await watch({ client, temporal: config.temporal, run, pool: name, uncleanWait }, options);
  } finally {
    process.off('SIGINT', leave);
    await client.connection.close();
    await database.end();
  }
}

/** Only who watches has something from a restart that somebody else has started. */
async function startOrJoin(
  client: Client,
  temporal: TemporalConfig,
  database: Database,
  pool: string,
  { watch, reason }: RejuvenateOptions,
): Promise<{ run: RunHandle; started: boolean }> {
  const look = (): Promise<RunHandle | null> => openRestart(client, temporal, database, pool);
  const open = await look();
  if (open !== null && watch) return { run: open, started: false };
  if (open !== null) throw restartRunning(pool, open.workflowId);
  try {
    const { workflowId, firstExecutionRunId } = await startCleanRestart(client, temporal, pool, reason);
    return { run: runHandle(client, `${workflowId}/${firstExecutionRunId}`), started: true };
  } catch (error) {
    // Somebody else was quicker.
    const run = watch && error instanceof OperatorError && error.code === 'RESTART_RUNNING' ? await look() : null;
    if (run === null) throw error;
    return { run, started: false };
  }
}
