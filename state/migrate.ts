// Brings the schema up to date. Safe to run from several processes at once: node-pg-migrate takes an advisory lock.

import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { codeOf } from '../config/error-code.js';
import { databaseUnreachable, isConnectionError, migrationLocked } from './errors.js';

/** Longer than all migrations take together; and who stops in the middle of them loses the lock sooner. */
const LOCK_TIMEOUT_MS = 30_000;
const IDLE_MS = 10_000;

/** lock_not_available: what PostgreSQL says when lock_timeout has passed. */
const LOCK_NOT_AVAILABLE = '55P03';

/** Applies the migrations that are missing. */
export async function migrate(url: string, { lockTimeoutMs = LOCK_TIMEOUT_MS } = {}): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  // The server ends a session that stands still. The statement after it fails with that; without a listener the event would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw databaseUnreachable(error);
  }
  try {
    await client.query(
      `set lock_timeout = ${lockTimeoutMs}; set idle_session_timeout = ${IDLE_MS}; set idle_in_transaction_session_timeout = ${IDLE_MS}`,
    );
    // A second process waits here for the first; the library itself would give up at once.
    await client.query("select pg_advisory_lock(hashtext('vm-rejuv migrations'))");
    await runner({
      dbClient: client,
      dir: fileURLToPath(new URL('./migrations', import.meta.url)),
      migrationsTable: 'schema_migration',
      direction: 'up',
      logger: {
        debug: () => undefined,
        info: () => undefined,
        warn: () => undefined,
        error: (text: string) => console.error(text),
      },
    });
  } catch (error) {
    if (codeOf(error) === LOCK_NOT_AVAILABLE) throw migrationLocked(lockTimeoutMs, error);
    throw isConnectionError(error) ? databaseUnreachable(error) : error;
  } finally {
    await client.end();
  }
}
