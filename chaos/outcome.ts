// What has come of a restart: what its run has left in the store, or whoever took its place.

import type { Queryable } from '../state/database.js';
import type { FailureRecord } from '../workflows/failure-record.js';

export interface Ending {
  /** `finished` or `given back (CODE)`, with `by another run` where it was not that one. */
  outcome: string;
  /** How many restarts have swapped the roles: a restart that is started anew after the swap swaps them back. */
  swaps: number;
}

interface Row {
  run: string;
  failure: FailureRecord | null;
}

/** The runs that have left something already: what they left is of no later restart. */
export async function endedRuns(database: Queryable, pool: string): Promise<string[]> {
  return (await rowsOf(database, pool, [])).map(({ run }) => run);
}

/** `run`: workflowId/runId. */
export async function endingOf(database: Queryable, pool: string, run: string, endedBefore: readonly string[]): Promise<Ending> {
  const rows = await rowsOf(database, pool, endedBefore);
  const swaps = rows.filter(({ failure }) => failure === null).length;
  const own = rows.find((row) => row.run === run);
  const last = own ?? rows.at(-1);
  if (last === undefined) return { outcome: 'given back (never claimed)', swaps };
  const outcome = last.failure === null ? 'finished' : `given back (${last.failure.code})`;
  return { outcome: own === undefined ? `${outcome} by another run` : outcome, swaps };
}

async function rowsOf(database: Queryable, pool: string, except: readonly string[]): Promise<Row[]> {
  const { rows } = await database.query<Row>(
    'select run, failure from restart_result where pool = $1 and run <> all($2::text[]) order by finished_at',
    [pool, except],
  );
  return rows;
}
