// The connection pool to PostgreSQL and the transactions on it.

import pg from 'pg';
import { databaseUnreachable, isConnectionError } from './errors.js';

export type Database = pg.Pool;
export type Queryable = Pick<pg.ClientBase, 'query'>;

export interface DatabaseOptions {
  maxConnections?: number;
  /** Abort a statement after this. Chosen: far above any of ours, below a hold's maximum. */
  statementTimeoutMs?: number;
  /** Where the configuration has its URL, unless that is VM_REJUV_DATABASE_URL. */
  named?: string;
}

/**
 * Who stops in the middle of a transaction, as a process that is frozen, loses it after this, and with it the locks that others wait for.
 * Shorter than an attempt's heartbeat time-out of 3 s: its successor finds the way free.
 */
const IDLE_IN_TRANSACTION_MS = 2000;

/**
 * Opens a connection pool. Connections are made on demand; call `end()` when done. Where PostgreSQL cannot be reached, went away, or lets nobody
 * in, questions reject with DATABASE_UNREACHABLE or DATABASE_REFUSED.
 */
export function openDatabase(
  url: string,
  { maxConnections = 8, statementTimeoutMs = 5000, named }: DatabaseOptions = {},
): Database {
  const database = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: 2000,
    query_timeout: statementTimeoutMs,
    keepAlive: true,
    application_name: 'vm-rejuv',
  });
  // An idle connection that breaks is replaced on demand; without a listener the event would end the process.
  database.on('error', () => undefined);
  database.query = inOurWords(database, named);
  return database;
}

/** Runs `work` in one transaction: commits when it resolves, rolls back when it throws. */
export async function inTransaction<T>(database: Database, work: (client: Queryable) => Promise<T>): Promise<T> {
  const client = await connect(database);
  const query = inOurWords(client);
  let broken: Error | undefined;
  // A connection that breaks between two statements says so here, and nowhere else: without a listener that would end the process.
  const onBroken = (error: Error): void => void (broken = error);
  client.on('error', onBroken);
  try {
    await query(`begin; set local idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}`);
    const result = await work({ query });
    await query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((rollbackError: Error) => (broken = rollbackError));
    throw error;
  } finally {
    client.off('error', onBroken);
    client.release(broken);
  }
}

/** Its questions. An error of the network has the same code whoever is asked: only here it is known to be PostgreSQL. */
function inOurWords(asked: Queryable, named?: string): Queryable['query'] {
  const ask = asked.query.bind(asked) as (...words: unknown[]) => Promise<unknown>;
  const query = (...words: unknown[]): Promise<unknown> =>
    ask(...words).catch((error: unknown) => {
      throw isConnectionError(error) ? databaseUnreachable(error, named) : error;
    });
  return query as Queryable['query'];
}

async function connect(database: Database): Promise<pg.PoolClient> {
  try {
    return await database.connect();
  } catch (error) {
    throw databaseUnreachable(error);
  }
}
