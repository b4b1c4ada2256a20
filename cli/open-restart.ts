// The restart of a pool that is open now.

import type { Client } from '@temporalio/client';
import type { TemporalConfig } from '../config/types.js';
import type { Queryable } from '../state/database.js';
import { readPool } from '../state/pool.js';
import type { RunHandle } from '../worker/temporal-client.js';
import { customaryRestart, isRunOpen, runHandle } from '../worker/temporal-client.js';

/** The one that holds the pool, whatever its workflow id; else the one under the customary id, which may be about to. */
export async function openRestart(
  client: Client,
  temporal: TemporalConfig,
  database: Queryable,
  pool: string,
): Promise<RunHandle | null> {
  for (const find of [() => holderOf(database, pool), () => customaryRestart(client, temporal, pool)]) {
    const run = await find();
    if (run !== null && (await isRunOpen(client, temporal, run))) return runHandle(client, run);
  }
  return null;
}

/** What holds the pool, as `workflowId/runId`, or null. What is wrong with the store the restart itself will say. */
export function holderOf(database: Queryable, pool: string): Promise<string | null> {
  return readPool(database, pool).then(
    ({ run }) => run,
    () => null,
  );
}
