// The table that Liberty keeps its sessions in, as the worker sees it.

import { normalisedId } from '../../../config/route-marker.js';
import type { LibertyConfig, MachineConfig } from '../../../config/types.js';
import type { Database } from '../../../state/database.js';
import { notMovable } from '../../errors.js';

/** Refuses where the session of `cookie`, which the machine has begun in one of the applications, is not in the database. */
export async function mustBeStored(
  database: Database,
  { contexts, virtualHost, database: named }: Pick<LibertyConfig, 'contexts' | 'virtualHost' | 'database'>,
  machine: MachineConfig,
  cookie: string,
): Promise<void> {
  const table = named?.table ?? '';
  const applications = contexts.map((context) => `${virtualHost}${context || '/'}`);
  // Rows whose id and propid differ are single attributes, where Liberty writes several rows.
  const { rows } = await database
    .query<{ saved: boolean }>(
      `select coalesce(small, medium, large) is not null as saved from ${table} where id = $1 and propid = id and appname = any($2::text[])`,
      [normalisedId(cookie, 'clone-ids'), applications],
    )
    .catch((cause: unknown) => {
      throw notMovable(
        `The worker cannot read the session table ${table}: ${cause instanceof Error ? cause.message : String(cause)}.`,
        'Correct sessions.database, and grant select on the table to its role; Liberty makes it with the first session.',
      );
    });
  if (rows[0]?.saved) return;
  if (rows.length > 0) {
    throw notMovable(
      `A session that machine ${machine.name} has begun is in the table ${table}, without what is in it.`,
      'Set writeFrequency="END_OF_SERVLET_SERVICE" and writeContents="ALL_SESSION_ATTRIBUTES" in httpSessionDatabase.',
    );
  }
  throw notMovable(
    `A session that machine ${machine.name} has begun is not in the table ${table} for ${applications.join(', ')}.`,
    'Give the server the feature sessionDatabase-1.0 and an httpSessionDatabase, or correct sessions.database.',
  );
}
