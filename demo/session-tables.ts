// Tables of sessions, as the pages of servers show them.

import pg from 'pg';
import { exampleFile } from '../embedded/examples.js';

/** Makes the tables of the sessions.sql in this directory of examples/servers. */
export async function createSessionTables(databaseUrl: string, server: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(exampleFile(`${server}/sessions.sql`));
  } finally {
    await client.end();
  }
}
