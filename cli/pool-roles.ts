// Which machine of a pool has which role at this moment, and whether a run has the pool.

import { pairOf } from '../activities/deps.js';
import type { MachineConfig, PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import type { Phase } from '../state/pool.js';
import { ensurePool } from '../state/pool.js';

export interface Roles {
  run: string | null;
  phase: Phase;
  primary: MachineConfig;
  standby: MachineConfig;
}

export async function rolesOf(pool: PoolConfig, database: Database): Promise<Roles> {
  const row = await ensurePool(database, pool);
  return { run: row.run, phase: row.phase, ...pairOf(pool, row) };
}
