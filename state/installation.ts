// What all processes of one installation share.

import type { Queryable } from './database.js';
import type { SessionKeyHash } from './session-key.js';
import { createSessionKeyHash } from './session-key.js';

/** The hash that turns session ids into keys; its secret is made with the schema and never leaves the database and the processes. */
export async function loadSessionKeyHash(database: Queryable): Promise<SessionKeyHash> {
  const { rows } = await database.query<{ hash_secret: string }>('select hash_secret from installation');
  const secret = rows[0]?.hash_secret;
  if (!secret) throw new Error('The table "installation" is empty: the schema was not made by our migrations.');
  return createSessionKeyHash(secret);
}
