// Takes a pool for the run that an activity acts for.

import { claimPool } from '../state/pool.js';
import type { PoolRow } from '../state/pool.js';
import { currentRun } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { poolConfig } from './deps.js';
import { restartRunning } from './errors.js';

/** A pool whose run has ended without giving it back is taken over, in the direction it was going. */
export async function claim(deps: ActivityDeps, pool: string): Promise<PoolRow> {
  poolConfig(deps, pool);
  const run = currentRun();
  const row = await claimPool(deps.database, pool, run, null);
  if (row.run === run) return row;
  const holder = row.run ?? '';
  if (await deps.isRunOpen(holder)) throw restartRunning(pool, holder);
  const taken = await claimPool(deps.database, pool, run, holder);
  if (taken.run !== run) throw restartRunning(pool, taken.run ?? '');
  return taken;
}
