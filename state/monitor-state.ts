// Who watches a pool, since when, and what it has seen last.

import { hostname } from 'node:os';
import type { Queryable } from './database.js';

/** What a sampler has done last; times are ISO 8601, null where there was none. */
export interface SamplerState {
  sampler: string;
  lastSuccessAt: string | null;
  /** Of the failures since then; null while there is none. */
  failure: { at: string; code: string | null; message: string; times: number } | null;
  /** Since when it counts as dead. */
  deadSince: string | null;
}

export interface MonitorState {
  samplers: SamplerState[];
  /** What is wrong and not over, as it was seen last; `sinceMs` is of the first time, in ms since 1970. */
  anomalies: { about: string; evidence: string; sinceMs: number }[];
  /** By what they are about, anomalies of which the supervisor has not heard yet that they are open, or over. */
  untold?: string[];
}

export interface MonitorRow extends MonitorState {
  /** `host/pid` of the worker. */
  worker: string;
  since: Date;
  seenAt: Date;
  /** How old `seenAt` is by the database's clock. */
  ageMs: number;
  /** Whether a worker leads the monitor now. */
  isLed: boolean;
}

/** As `monitor` rows name it. */
export const THIS_WORKER = `${hostname()}/${process.pid}`;

/** What only one worker at a time does. */
export const monitorOf = (pool: string): string => `vm-rejuv monitor of pool ${pool}`;

/** Written by who leads, again and again; `isBeginning`: since now. */
export async function recordMonitor(
  database: Queryable,
  pool: string,
  state: MonitorState,
  { isBeginning = false } = {},
): Promise<void> {
  await database.query(
    `insert into monitor (pool, worker, state) values ($1, $2, $3)
     on conflict (pool) do update set worker = excluded.worker, state = excluded.state, seen_at = now(),
       since = case when $4 then now() else monitor.since end`,
    [pool, THIS_WORKER, JSON.stringify(state), isBeginning],
  );
}

/** Null where nobody ever has. Who leads holds an advisory lock: state/leadership.ts. */
export async function readMonitor(database: Queryable, pool: string): Promise<MonitorRow | null> {
  const { rows } = await database.query<Omit<MonitorRow, keyof MonitorState> & { state: MonitorState }>(
    `select worker, since, seen_at as "seenAt", state, extract(epoch from now() - seen_at)::float8 * 1000 as "ageMs",
       exists (
         select from pg_locks where locktype = 'advisory' and granted and objsubid = 1
           and database = (select oid from pg_database where datname = current_database())
           and classid = ((hashtext($2)::bigint >> 32) & 4294967295)::oid and objid = (hashtext($2)::bigint & 4294967295)::oid
       ) as "isLed"
     from monitor where pool = $1`,
    [pool, monitorOf(pool)],
  );
  const [row] = rows;
  if (row === undefined) return null;
  const { state, ...rest } = row;
  return { ...rest, ...state };
}
