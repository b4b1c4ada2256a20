// The last word of detection about a pool, and of which boot of which machine it is.

import type { Queryable } from './database.js';

export interface BootRow {
  machine: string;
  /** Null where the hypervisor did not tell. */
  incarnation: string | null;
  /** When the monitor has seen it first, in ms since 1970. */
  bootedAtMs: number;
}

export interface JudgedRow {
  judgedAt: Date | null;
  /** As it was written; null before the first judgement of this boot. */
  verdict: unknown;
}

/** The boot that was watched last, or null. */
export async function readBoot(database: Queryable, pool: string): Promise<BootRow | null> {
  const { rows } = await database.query<BootRow>(
    `select machine, incarnation, round(extract(epoch from booted_at) * 1000)::float8 as "bootedAtMs"
     from monitoring where pool = $1`,
    [pool],
  );
  return rows[0] ?? null;
}

/** Another boot is watched from now on; what was judged of the one before is forgotten. */
export async function recordBoot(database: Queryable, pool: string, boot: BootRow): Promise<void> {
  await database.query(
    `insert into monitoring (pool, machine, incarnation, booted_at) values ($1, $2, $3, to_timestamp($4::float8 / 1000))
     on conflict (pool) do update set machine = excluded.machine, incarnation = excluded.incarnation,
       booted_at = excluded.booted_at, judged_at = null, verdict = null`,
    [pool, boot.machine, boot.incarnation, boot.bootedAtMs],
  );
}

export async function recordVerdict(database: Queryable, pool: string, verdict: unknown): Promise<void> {
  await database.query('update monitoring set judged_at = now(), verdict = $2 where pool = $1', [pool, JSON.stringify(verdict)]);
}

/** Null where the pool was never monitored. */
export async function readVerdict(database: Queryable, pool: string): Promise<JudgedRow | null> {
  const { rows } = await database.query<JudgedRow>('select judged_at as "judgedAt", verdict from monitoring where pool = $1', [
    pool,
  ]);
  return rows[0] ?? null;
}
