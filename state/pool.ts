// The pool's row: phase, roles, epoch, and who may change them. Every transition is one compare-and-set.

import type { Database, Queryable } from './database.js';
import { inTransaction } from './database.js';
import { fenced, poolUnknown } from './errors.js';

export type Phase = 'steady' | 'opening' | 'moving' | 'sealed';

export interface PoolRow {
  name: string;
  epoch: number;
  phase: Phase;
  active: string;
  standby: string;
  /** Workflow that holds the pool, or null. */
  run: string | null;
  /** Attempt that may write for it. */
  token: number;
}

/** Who writes: a run and the token of the attempt that acts for it. */
export interface Writer {
  pool: string;
  run: string;
  token: number;
}

const COLUMNS = 'name, epoch::int, phase, active, standby, run, token::int';

/** What the configuration says of a pool before there is a row of it. */
export interface ConfiguredPool {
  name: string;
  /** The first is active until the first clean restart says otherwise. */
  machines: readonly [{ name: string }, { name: string }];
}

/** Makes the pool's row exist; an existing row keeps its roles. */
export async function ensurePool(database: Queryable, { name, machines: [first, second] }: ConfiguredPool): Promise<PoolRow> {
  await database.query('insert into pool (name, active, standby) values ($1, $2, $3) on conflict do nothing', [
    name,
    first.name,
    second.name,
  ]);
  return readPool(database, name);
}

export async function readPool(database: Queryable, pool: string): Promise<PoolRow> {
  const { rows } = await database.query<PoolRow>(`select ${COLUMNS} from pool where name = $1`, [pool]);
  return rows[0] ?? fail(poolUnknown(pool));
}

/**
 * Takes the pool for a run. Succeeds when it is free, already this run's, or still `takeOverFrom`'s.
 * A take-over grows the epoch, so that proxies learn the new run, and lets the old run's open holds go first.
 * Resolves with the row as it is afterwards; the caller compares `run`.
 */
export async function claimPool(database: Database, pool: string, run: string, takeOverFrom: string | null): Promise<PoolRow> {
  return inTransaction(database, async (client) => {
    const { rows } = await client.query<PoolRow>(`select ${COLUMNS} from pool where name = $1 for update`, [pool]);
    const row = rows[0] ?? fail(poolUnknown(pool));
    if (row.run === run || (row.run !== null && row.run !== takeOverFrom)) return row;
    await releaseOpenHolds(client, pool);
    const claimed = await client.query<PoolRow>(
      `update pool set run = $2, token = token + 1, epoch = epoch + 1 where name = $1 returning ${COLUMNS}`,
      [pool, run],
    );
    return claimed.rows[0] ?? fail(poolUnknown(pool));
  });
}

/**
 * A new attempt takes the pen: from now on every write of an earlier attempt is refused. What an earlier one holds can be committed no more,
 * and is let go.
 */
export async function takeToken(database: Database, pool: string, run: string): Promise<PoolRow> {
  return inTransaction(database, async (client) => {
    const { rows } = await client.query<PoolRow>(
      `update pool set token = token + 1 where name = $1 and run = $2 returning ${COLUMNS}`,
      [pool, run],
    );
    const row = rows[0] ?? fail(fenced(pool, { isRunOver: true }));
    await releaseOpenHolds(client, pool);
    return row;
  });
}

/** `steady -> opening`; forgets the owners and ended holds of the last run. */
export async function openPool(database: Database, writer: Writer): Promise<PoolRow> {
  return inTransaction(database, async (client) => {
    const row = await transition(client, writer, 'steady', 'opening');
    await client.query('delete from session_owner where pool = $1', [writer.pool]);
    await client.query("delete from hold where pool = $1 and state <> 'held'", [writer.pool]);
    return row;
  });
}

/** `opening -> moving`: the point of no return. */
export async function startMoving(database: Queryable, writer: Writer): Promise<PoolRow> {
  return transition(database, writer, 'opening', 'moving');
}

/** `moving -> sealed`; only inside the transaction that commits the last hold. */
export async function sealPool(client: Queryable, writer: Writer): Promise<PoolRow> {
  return transition(client, writer, 'moving', 'sealed');
}

/** `sealed -> steady` with the roles swapped; the run's result is written and the pool is free, in one transaction. */
export async function swapPool(database: Database, writer: Writer, result: unknown): Promise<PoolRow> {
  return inTransaction(database, async (client) => {
    const { rows } = await client.query<PoolRow>(
      `update pool set phase = 'steady', active = standby, standby = active, run = null, epoch = epoch + 1
       where name = $1 and run = $2 and token = $3 and phase = 'sealed' returning ${COLUMNS}`,
      [writer.pool, writer.run, writer.token],
    );
    const row = rows[0] ?? fail(fenced(writer.pool));
    await writeResult(client, writer, result);
    return row;
  });
}

/** The roles of a steady pool are swapped, by a fail-over: its active machine is off. Does nothing when `to` is active already. */
export async function failOverPool(database: Database, writer: Writer, to: string): Promise<PoolRow> {
  return inTransaction(database, async (client) => {
    const { rows } = await client.query<PoolRow>(
      `update pool set active = standby, standby = active, epoch = epoch + 1
       where name = $1 and run = $2 and token = $3 and phase = 'steady' and standby = $4 returning ${COLUMNS}`,
      [writer.pool, writer.run, writer.token, to],
    );
    if (rows[0] !== undefined) return rows[0];
    const row = await readPool(client, writer.pool);
    return row.run === writer.run && row.token === writer.token && row.active === to ? row : fail(fenced(writer.pool));
  });
}

/** Frees a steady pool and writes its run's result, in one transaction. */
export async function releasePool(database: Database, writer: Writer, result: unknown): Promise<void> {
  await inTransaction(database, async (client) => {
    const { rowCount } = await client.query(
      `update pool set run = null, epoch = epoch + 1 where name = $1 and run = $2 and token = $3 and phase = 'steady'`,
      [writer.pool, writer.run, writer.token],
    );
    if (rowCount !== 1) fail(fenced(writer.pool));
    await writeResult(client, writer, result);
  });
}

/**
 * Gives the pool back as it was, from before the point of no return only, and keeps why.
 * Resolves with false when there was nothing to give back.
 */
export async function abandonPool(database: Database, pool: string, run: string, failure: unknown): Promise<boolean> {
  return inTransaction(database, async (client) => {
    const { rowCount } = await client.query(
      `update pool set phase = 'steady', run = null, epoch = epoch + 1 where name = $1 and run = $2 and phase in ('steady', 'opening')`,
      [pool, run],
    );
    if (rowCount !== 1) return false;
    await client.query('insert into restart_result (run, pool, failure) values ($1, $2, $3) on conflict do nothing', [
      run,
      pool,
      JSON.stringify(failure),
    ]);
    return true;
  });
}

async function writeResult(client: Queryable, { run, pool }: Writer, result: unknown): Promise<void> {
  await client.query('insert into restart_result (run, pool, result) values ($1, $2, $3)', [run, pool, JSON.stringify(result)]);
}

export async function readResult(database: Queryable, run: string): Promise<unknown> {
  const { rows } = await database.query<{ result: unknown }>('select result from restart_result where run = $1', [run]);
  return rows[0]?.result ?? null;
}

/** The result that the latest finished restart of a pool has left, or null. */
export async function latestResult(database: Queryable, pool: string): Promise<{ finishedAt: Date; result: unknown } | null> {
  const { rows } = await database.query<{ finishedAt: Date; result: unknown }>(
    `select finished_at as "finishedAt", result from restart_result
     where pool = $1 and result is not null order by finished_at desc limit 1`,
    [pool],
  );
  return rows[0] ?? null;
}

/** Why the latest restart of a pool has given it back as it was, or null when it did not, or another one has finished since. */
export async function latestFailure(database: Queryable, pool: string): Promise<{ finishedAt: Date; failure: unknown } | null> {
  const { rows } = await database.query<{ finishedAt: Date; failure: unknown }>(
    'select finished_at as "finishedAt", failure from restart_result where pool = $1 order by finished_at desc limit 1',
    [pool],
  );
  return rows[0]?.failure ? rows[0] : null;
}

/** When clean restarts of a pool have ended within 24 hours, well or not, or the last of before; in ms since 1970, latest first. Fail-overs are none. */
export async function endedRestarts(database: Queryable, pool: string): Promise<number[]> {
  const { rows } = await database.query<{ finishedAt: Date; isRecent: boolean }>(
    `select finished_at as "finishedAt", finished_at > now() - interval '24 hours' as "isRecent"
     from restart_result where pool = $1 and run not like 'fail-over/%' order by finished_at desc limit 100`,
    [pool],
  );
  return rows.filter(({ isRecent }, index) => isRecent || index === 0).map(({ finishedAt }) => finishedAt.getTime());
}

/** When fail-overs of a pool have ended within 24 hours, in ms since 1970, latest first. */
export async function endedFailOvers(database: Queryable, pool: string): Promise<number[]> {
  const { rows } = await database.query<{ finishedAt: Date }>(
    `select finished_at as "finishedAt" from restart_result
     where pool = $1 and result ? 'failedOver' and finished_at > now() - interval '24 hours' order by finished_at desc`,
    [pool],
  );
  return rows.map(({ finishedAt }) => finishedAt.getTime());
}

/** By who has the pool's row: no hold is opened meanwhile. */
async function releaseOpenHolds(client: Queryable, pool: string): Promise<void> {
  await client.query("update hold set state = 'released', ended_at = now() where pool = $1 and state = 'held'", [pool]);
}

async function transition(client: Queryable, writer: Writer, from: Phase, to: Phase): Promise<PoolRow> {
  const { rows } = await client.query<PoolRow>(
    `update pool set phase = $5, epoch = epoch + 1
     where name = $1 and run = $2 and token = $3 and phase = $4 returning ${COLUMNS}`,
    [writer.pool, writer.run, writer.token, from, to],
  );
  return rows[0] ?? fail(fenced(writer.pool));
}

function fail(error: Error): never {
  throw error;
}
