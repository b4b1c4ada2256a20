// Brings the schema up to date. Safe to run from several processes at once: node-pg-migrate takes an advisory lock.

import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { databaseUnreachable } from './errors.js';

/** Applies the migrations that are missing. */
export async function migrate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  try {
    await client.connect();
  } catch (error) {
    throw databaseUnreachable(error);
  }
  try {
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
