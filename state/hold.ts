// Holds: a row decides whether a batch of sessions changed its owner. A row's end is final.

import type { Database, Queryable } from './database.js';
import { inTransaction } from './database.js';
import { fenced } from './errors.js';
import type { Writer } from './pool.js';
import { sealPool } from './pool.js';
import { liveIncarnations, sinceUncleanEndMs } from './proxy-register.js';

export type HoldScope = 'keys' | 'all';
export type HoldState = 'held' | 'committed' | 'released';

export interface HoldRow {
  id: number;
  run: string;
  scope: HoldScope;
  keys: string[];
  state: HoldState;
  /** Keys that belong to the standby since the commit. */
  moved: string[];
}

export type CommitOutcome = 'committed' | 'released' | 'not-acknowledged' | 'maybe-queued';

export interface Commit {
  holdId: number;
  moved: readonly string[];
  /** Incarnations of the proxies that acknowledged this hold. */
  acknowledged: ReadonlySet<string>;
  /** Also `moving -> sealed`: nothing is left on the primary. */
  seal: boolean;
  /** What a proxy that ended uncleanly within this time has sent may still be running at the primary. */
  requestTimeoutMs: number;
}

/** Opens a hold. Its deadline is counted by the database's clock. The lock orders it against an attempt that takes the token. */
export async function openHold(
  database: Queryable,
  writer: Writer,
  hold: { scope: HoldScope; keys: readonly string[]; deadlineMs: number },
): Promise<number> {
  const { rows } = await database.query<{ id: number }>(
    `insert into hold (pool, run, token, scope, keys, deadline)
     select name, run, token, $4, $5::text[], now() + $6 * interval '1 millisecond'
     from pool where name = $1 and run = $2 and token = $3 and phase = 'moving' for share returning id::int`,
    [writer.pool, writer.run, writer.token, hold.scope, hold.keys, hold.deadlineMs],
  );
  const row = rows[0];
  if (!row) throw fenced(writer.pool);
  return row.id;
}

/**
 * The commit point of a batch. Nothing changes unless the row is still held, the pool moving, the attempt the current one,
 * and every registered proxy incarnation has acknowledged.
 */
export async function commitHold(database: Database, writer: Writer, commit: Commit): Promise<CommitOutcome> {
  return inTransaction(database, async (client) => {
    // The lock orders this commit against proxies that register: they see either an open hold or its end.
    const pool = await client.query<{ standby: string }>(
      `select standby from pool where name = $1 and run = $2 and token = $3 and phase = 'moving' for update`,
      [writer.pool, writer.run, writer.token],
    );
    const standby = pool.rows[0]?.standby;
    if (standby === undefined) throw fenced(writer.pool);
    const live = await liveIncarnations(client, writer.pool);
    const refusal = refusalOf(live, await sinceUncleanEndMs(client, writer.pool), commit);
    if (refusal !== null) return refusal;
    const ended = await client.query(
      `update hold set state = 'committed', moved = $3::text[], ended_at = now()
       where id = $1 and state = 'held' and token = $2`,
      [commit.holdId, writer.token, commit.moved],
    );
    if (ended.rowCount !== 1) return 'released';
    await client.query(
      `insert into session_owner (pool, key, machine, run) select $1, unnest($2::text[]), $3, $4
       on conflict (pool, key) do update set machine = excluded.machine, run = excluded.run`,
      [writer.pool, commit.moved, standby, writer.run],
    );
    if (commit.seal) await sealPool(client, writer);
    return 'committed';
  });
}

/** What the register has against a commit, or null. Pure: the model of test/protocol decides by it too. */
export function refusalOf(
  live: readonly string[],
  sinceUncleanEnd: number | null,
  { acknowledged, requestTimeoutMs }: Pick<Commit, 'acknowledged' | 'requestTimeoutMs'>,
): 'not-acknowledged' | 'maybe-queued' | null {
  // Without any proxy nobody knows what the last one has left running.
  if (live.length === 0 || !live.every((incarnation) => acknowledged.has(incarnation))) return 'not-acknowledged';
  return sinceUncleanEnd !== null && sinceUncleanEnd < requestTimeoutMs ? 'maybe-queued' : null;
}

/** Lets a hold go unless it has ended already. Resolves with how it ended: whoever undoes a batch must look. */
export async function releaseHold(database: Queryable, holdId: number): Promise<Exclude<HoldState, 'held'>> {
  const { rows } = await database.query<{ state: Exclude<HoldState, 'held'> }>(
    `with released as (
       update hold set state = 'released', ended_at = now() where id = $1 and state = 'held' returning state
     )
     select coalesce((select state from released), (select state from hold where id = $1), 'released') as state`,
    [holdId],
  );
  return rows[0]?.state ?? 'released';
}

/** Lets every hold go that is past its deadline, by the database's clock: what any proxy may do. */
export async function releaseOverdueHolds(database: Queryable, pool: string): Promise<void> {
  await database.query(
    "update hold set state = 'released', ended_at = now() where pool = $1 and state = 'held' and deadline < now()",
    [pool],
  );
}

/** Lets these holds go before their deadline: what a proxy may do whose queue is full. */
export async function releaseHolds(database: Queryable, pool: string, holdIds: readonly number[]): Promise<void> {
  await database.query(
    "update hold set state = 'released', ended_at = now() where pool = $1 and state = 'held' and id = any($2::bigint[])",
    [pool, holdIds],
  );
}
