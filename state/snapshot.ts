// What a proxy loads: the pool's row and its holds as of one moment.

import type { Queryable } from './database.js';
import { poolUnknown } from './errors.js';
import type { HoldRow } from './hold.js';
import type { Phase } from './pool.js';

export interface PoolSnapshot {
  epoch: number;
  phase: Phase;
  active: string;
  standby: string;
  run: string | null;
  /** Open holds, and those of `knownHolds` whatever their state. */
  holds: HoldRow[];
}

/** One statement, hence one snapshot. `knownHolds` are the holds whose end the caller wants to learn. */
export async function loadSnapshot(database: Queryable, pool: string, knownHolds: readonly number[]): Promise<PoolSnapshot> {
  const { rows } = await database.query<PoolSnapshot>(
    `select p.epoch::int, p.phase, p.active, p.standby, p.run, coalesce((
       select json_agg(json_build_object('id', h.id, 'run', h.run, 'scope', h.scope, 'keys', h.keys, 'state', h.state, 'moved', h.moved))
       from hold h where h.pool = p.name and (h.state = 'held' or h.id = any($2::bigint[]))
     ), '[]') as holds
     from pool p where p.name = $1`,
    [pool, knownHolds],
  );
  const snapshot = rows[0];
  if (!snapshot) throw poolUnknown(pool);
  return snapshot;
}
