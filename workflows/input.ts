// What starts a clean restart, checked by hand: the Temporal UI's form accepts any JSON.

import { ApplicationFailure } from '@temporalio/workflow';

export interface CleanRestartInput {
  pool: string;
  /** Why; shown in lists and kept in the history. */
  reason?: string;
}

const EXAMPLE = 'Start it with one JSON object such as {"pool": "shop"}.';

/** Refuses what is not `{"pool": "...", "reason"?: "..."}` with what was found and an example. */
export function parseInput(input: unknown): CleanRestartInput {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalid(`The input must be an object, found ${input === undefined ? 'nothing' : JSON.stringify(input)}.`);
  }
  const { pool, reason, ...unknown } = input as Record<string, unknown>;
  const [extra] = Object.keys(unknown);
  if (extra !== undefined) throw invalid(`Unknown field "${extra}".`);
  if (typeof pool !== 'string' || pool === '')
    throw invalid(`Field "pool" must name a pool, found ${JSON.stringify(pool) ?? 'nothing'}.`);
  if (reason !== undefined && typeof reason !== 'string')
    throw invalid(`Field "reason" must be text, found ${JSON.stringify(reason)}.`);
  return reason === undefined ? { pool } : { pool, reason };
}

function invalid(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`${message} ${EXAMPLE}`, 'INPUT_INVALID');
}
