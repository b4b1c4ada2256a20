// What a proxy loads: the pool's row, its holds and itself in the register, as of one moment.

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
  /** Whether whoever loads counts as a proxy of the pool: steps wait for those that do, and for no other. */
  registered: boolean;
}

/** One statement, hence one snapshot. `knownHolds` are the holds whose end the caller wants to learn. */
export async function loadSnapshot(
  database: Queryable,
  { pool, incarnation }: { pool: string; incarnation: string },
  knownHolds: readonly number[],
): Promise<PoolSnapshot> {
  const { rows } = await database.query<PoolSnapshot>(
    `select p.epoch::int, p.phase, p.active, p.standby, p.run, coalesce((
       select json_agg(json_build_object('id', h.id, 'run', h.run, 'scope', h.scope, 'keys', h.keys, 'state', h.state, 'moved', h.moved))
       from hold h where h.pool = p.name and (h.state = 'held' or h.id = any($2::bigint[]))
     ), '[]') as holds,
     exists (select 1 from proxy x where x.pool = p.name and x.incarnation = $3 and x.ended_at is null) as registered
     from pool p where p.name = $1`,
    [pool, knownHolds, incarnation],
  );
  const snapshot = rows[0];
  if (!snapshot) throw poolUnknown(pool);
  return snapshot;
}
