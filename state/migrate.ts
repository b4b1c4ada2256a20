// Brings the schema up to date. Safe to run from several processes at once: node-pg-migrate takes an advisory lock.

import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { databaseUnreachable } from './errors.js';

/** Longer than all migrations take together; and who stops in the middle of them loses the lock sooner. */
const LOCK_TIMEOUT_MS = 30_000;
const IDLE_MS = 10_000;

/** Applies the migrations that are missing. */
export async function migrate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  try {
    await client.connect();
  } catch (error) {
    throw databaseUnreachable(error);
  }
  try {
    await client.query(
      `set lock_timeout = ${LOCK_TIMEOUT_MS}; set idle_session_timeout = ${IDLE_MS}; set idle_in_transaction_session_timeout = ${IDLE_MS}`,
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
  } finally {
    await client.end();
  }
}
