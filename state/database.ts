// The connection pool to PostgreSQL and the transactions on it.

import pg from 'pg';
import { databaseUnreachable, isConnectionError } from './errors.js';

export type Database = pg.Pool;
export type Queryable = Pick<pg.ClientBase, 'query'>;

export interface DatabaseOptions {
  maxConnections?: number;
  /** Abort a statement after this. Chosen: far above any of ours, below a hold's maximum. */
  statementTimeoutMs?: number;
}

/** Opens a connection pool. Connections are made on demand; call `end()` when done. */
export function openDatabase(url: string, { maxConnections = 8, statementTimeoutMs = 5000 }: DatabaseOptions = {}): Database {
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
  return database;
}

/** Runs `work` in one transaction: commits when it resolves, rolls back when it throws. */
export async function inTransaction<T>(database: Database, work: (client: Queryable) => Promise<T>): Promise<T> {
  const client = await connect(database);
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((rollbackError: Error) => (broken = rollbackError));
    throw isConnectionError(error) ? databaseUnreachable(error) : error;
  } finally {
    client.release(broken);
  }
}

async function connect(database: Database): Promise<pg.PoolClient> {
  try {
    return await database.connect();
  } catch (error) {
    throw databaseUnreachable(error);
  }
}
