// The register of proxies: a step that needs every proxy means every row here that has not ended.

import type { Database, Queryable } from './database.js';
import { inTransaction } from './database.js';

export interface ProxyRow {
  incarnation: string;
  name: string;
  adminUrl: string;
  host: string;
  pid: number;
  startTime: string;
}

/** Adds an incarnation. The pool's row is locked, so a commit under way either sees this proxy or ends before it loads. */
export async function registerProxy(database: Database, pool: string, proxy: ProxyRow): Promise<void> {
  await inTransaction(database, async (client) => {
    await client.query('select 1 from pool where name = $1 for update', [pool]);
    await client.query(
      `insert into proxy (pool, incarnation, name, admin_url, host, pid, start_time) values ($1, $2, $3, $4, $5, $6, $7)
       on conflict do nothing`,
      [pool, proxy.incarnation, proxy.name, proxy.adminUrl, proxy.host, proxy.pid, proxy.startTime],
    );
  });
}

/** A proxy leaves in good order: it has no request in flight any more. */
export async function deregisterProxy(database: Queryable, pool: string, incarnation: string): Promise<void> {
  await database.query('delete from proxy where pool = $1 and incarnation = $2', [pool, incarnation]);
}

/** A proxy was proved dead, or an operator says so. Only a proof or a person ends an incarnation, never silence. */
export async function endProxy(database: Queryable, pool: string, incarnation: string): Promise<boolean> {
  const { rowCount } = await database.query(
    'update proxy set ended_at = now() where pool = $1 and incarnation = $2 and ended_at is null',
    [pool, incarnation],
  );
  return rowCount === 1;
}

/** A proxy ends with a request still running: from now on, whatever was said of it before, nobody knows what it has left at the machine. */
export async function endUncleanly(database: Queryable, pool: string, incarnation: string): Promise<void> {
  await database.query('update proxy set ended_at = now() where pool = $1 and incarnation = $2', [pool, incarnation]);
}

export async function liveProxies(database: Queryable, pool: string): Promise<ProxyRow[]> {
  const { rows } = await database.query<ProxyRow>(
    `select incarnation, name, admin_url as "adminUrl", host, pid, start_time as "startTime"
     from proxy where pool = $1 and ended_at is null order by registered_at`,
    [pool],
  );
  return rows;
}

export async function liveIncarnations(database: Queryable, pool: string): Promise<string[]> {
  const { rows } = await database.query<{ incarnation: string }>(
    'select incarnation from proxy where pool = $1 and ended_at is null',
    [pool],
  );
  return rows.map((row) => row.incarnation);
}

/** Milliseconds since the latest unclean end of a proxy of this pool, or null when there was none. */
export async function sinceUncleanEndMs(database: Queryable, pool: string): Promise<number | null> {
  const { rows } = await database.query<{ ms: number | null }>(
    'select (extract(epoch from now() - max(ended_at)) * 1000)::float8 as ms from proxy where pool = $1',
    [pool],
  );
  return rows[0]?.ms ?? null;
}
