// Who owns a session while a pool moves: a row means the standby, no row means the primary.

import type { Queryable } from './database.js';

/** The keys among `keys` that are the standby's. */
export async function lookUpOwners(database: Queryable, pool: string, keys: readonly string[]): Promise<Set<string>> {
  const { rows } = await database.query<{ key: string }>(
    'select o.key from session_owner o join pool p on p.name = o.pool and p.standby = o.machine where o.pool = $1 and o.key = any($2::text[])',
    [pool, keys],
  );
  return new Set(rows.map((row) => row.key));
}

/**
 * Records ids that the standby has set, before its response leaves the proxy.
 * Resolves with false, and records nothing, when the pool's run, phase or standby are no longer those the response was routed by.
 */
export async function recordStandbyKeys(
  database: Queryable,
  pool: string,
  run: string,
  standby: string,
  keys: readonly string[],
): Promise<boolean> {
  // The row lock makes the check and the insert one step: a seal or a take-over waits, or is seen.
  const { rowCount } = await database.query(
    `with pool_now as (
       select name from pool where name = $1 and run = $2 and standby = $3 and phase in ('opening', 'moving') for share
     )
     insert into session_owner (pool, key, machine, run) select name, unnest($4::text[]), $3, $2 from pool_now
     on conflict (pool, key) do update set machine = excluded.machine, run = excluded.run`,
    [pool, run, standby, keys],
  );
  return (rowCount ?? 0) > 0;
}

/** Every key that is the standby's. */
export async function standbyKeys(database: Queryable, pool: string): Promise<Set<string>> {
  const { rows } = await database.query<{ key: string }>('select key from session_owner where pool = $1', [pool]);
  return new Set(rows.map((row) => row.key));
}
