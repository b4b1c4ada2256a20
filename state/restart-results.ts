// What restarts and fail-overs of a pool have left: a result, or why the pool was given back as it was.

import type { Queryable } from './database.js';

export interface ResultRow {
  /** `workflowId/runId` */
  run: string;
  finishedAt: Date;
  /** One of them is null. */
  result: unknown;
  failure: unknown;
}

/** The latest `limit` of a pool, the latest last. */
export async function recentResults(database: Queryable, pool: string, limit: number): Promise<ResultRow[]> {
  const { rows } = await database.query<ResultRow>(
    `select run, finished_at as "finishedAt", result, failure from restart_result
     where pool = $1 order by finished_at desc limit $2`,
    [pool, limit],
  );
  return rows.reverse();
}
