// What a pool's active machine was seen to do.

import type { SampleRow } from '../aging/thinning.js';
import type { Database, Queryable } from './database.js';
import { inTransaction } from './database.js';

export type { SampleRow };

/** As it is read: the columns are all null, or none. */
interface StoredRow extends Omit<SampleRow, 'gathered'> {
  low: number | null;
  high: number | null;
  count: number | null;
}

/** Adds them in one statement. One of the same series and time that is there already stays. */
export async function recordSamples(database: Queryable, pool: string, rows: readonly SampleRow[]): Promise<void> {
  if (rows.length === 0) return;
  await database.query(
    `insert into sample (pool, machine, series, at, value, "limit", low, high, count)
     select $1, machine, series, to_timestamp(at / 1000), value, most, low, high, count
     from unnest($2::text[], $3::text[], $4::float8[], $5::float8[], $6::float8[], $7::float8[], $8::float8[], $9::integer[])
       as given (machine, series, at, value, most, low, high, count)
     on conflict do nothing`,
    [
      pool,
      rows.map(({ machine }) => machine),
      rows.map(({ series }) => series),
      rows.map(({ atMs }) => atMs),
      rows.map(({ value }) => value),
      rows.map(({ limit }) => limit),
      rows.map(({ gathered }) => gathered?.min ?? null),
      rows.map(({ gathered }) => gathered?.max ?? null),
      rows.map(({ gathered }) => gathered?.count ?? null),
    ],
  );
}

/** Those from `sinceMs` on, and before `untilMs`, the oldest first. */
export async function readSamples(database: Queryable, pool: string, sinceMs: number, untilMs = Infinity): Promise<SampleRow[]> {
  const { rows } = await database.query<StoredRow>(
    `select machine, series, round(extract(epoch from at) * 1000)::float8 as "atMs", value, "limit", low, high, count
     from sample where pool = $1 and at >= to_timestamp($2::float8 / 1000) and at < to_timestamp($3::float8 / 1000)
     order by at, series`,
    [pool, sinceMs, untilMs],
  );
  return rows.map(({ low, high, count, ...row }) =>
    low === null || high === null || count === null ? row : { ...row, gathered: { min: low, max: high, count } },
  );
}

/** When the oldest sample was that stands for itself alone, in ms since 1970; null where there is none before `beforeMs`. */
export async function oldestSingleMs(database: Queryable, pool: string, beforeMs: number): Promise<number | null> {
  const { rows } = await database.query<{ atMs: number | null }>(
    `select round(extract(epoch from min(at)) * 1000)::float8 as "atMs"
     from sample where pool = $1 and at < to_timestamp($2::float8 / 1000) and count is null and series <> 'boot'`,
    [pool, beforeMs],
  );
  return rows[0]?.atMs ?? null;
}

/** Replaces those of [fromMs, toMs) by what `change` makes of them. Who does so at the same time writes the same. */
export async function replaceSamples(
  database: Database,
  pool: string,
  [fromMs, toMs]: [number, number],
  change: (rows: SampleRow[]) => SampleRow[],
): Promise<void> {
  await inTransaction(database, async (client) => {
    const rows = await readSamples(client, pool, fromMs, toMs);
    await client.query(
      'delete from sample where pool = $1 and at >= to_timestamp($2::float8 / 1000) and at < to_timestamp($3::float8 / 1000)',
      [pool, fromMs, toMs],
    );
    await recordSamples(client, pool, change(rows));
  });
}

/** The last one of a series of a machine, or null. */
export async function latestSample(
  database: Queryable,
  pool: string,
  machine: string,
  series: string,
): Promise<SampleRow | null> {
  const { rows } = await database.query<SampleRow>(
    `select machine, series, round(extract(epoch from at) * 1000)::float8 as "atMs", value, "limit"
     from sample where pool = $1 and machine = $2 and series = $3 order by at desc limit 1`,
    [pool, machine, series],
  );
  return rows[0] ?? null;
}

/** When the last one was, in ms since 1970; null where there is none. */
export async function lastSampleMs(database: Queryable, pool: string): Promise<number | null> {
  const { rows } = await database.query<{ atMs: number | null }>(
    'select round(extract(epoch from max(at)) * 1000)::float8 as "atMs" from sample where pool = $1',
    [pool],
  );
  return rows[0]?.atMs ?? null;
}

/**
 * Deletes those from after `afterMs`, where the database's clock says as well that they are of the future: a host whose own clock is slow takes
 * nothing away. Resolves with how many they were.
 */
export async function forgetFutureSamples(database: Queryable, pool: string, afterMs: number): Promise<number> {
  const { rowCount } = await database.query(
    'delete from sample where pool = $1 and at > greatest(now(), to_timestamp($2::float8 / 1000))',
    [pool, afterMs],
  );
  return rowCount ?? 0;
}

/** Deletes those from before `beforeMs`. */
export async function forgetSamples(database: Queryable, pool: string, beforeMs: number): Promise<void> {
  await database.query('delete from sample where pool = $1 and at < to_timestamp($2::float8 / 1000)', [pool, beforeMs]);
}

/** How many were taken of the boot of the active machine that is watched, as far as they are kept: one that was thinned stands for several. */
export async function countSamples(database: Queryable, pool: string): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    `select coalesce(sum(coalesce(sample.count, 1)), 0)::float8 as count from sample join monitoring using (pool, machine) where pool = $1 and at >= booted_at and series <> 'boot'`,
    [pool],
  );
  return rows[0]?.count ?? 0;
}
