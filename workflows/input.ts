// What starts a workflow, checked by hand: the Temporal UI's form accepts any JSON.

import { ApplicationFailure } from '@temporalio/workflow';
import type { Supervision } from './supervision.js';
import { AT_REST } from './supervision.js';

export interface CleanRestartInput {
  pool: string;
  /** Why; shown in lists and kept in the history. */
  reason?: string;
}

/** `carried` is what one run of a supervisor hands to its next; nobody else has it. */
export interface SupervisionInput {
  pool: string;
  carried: Supervision;
}

const EXAMPLE = 'Start it with one JSON object such as {"pool": "shop"}.';

/** Refuses what is not `{"pool": "...", "reason"?: "..."}` with what was found and an example. */
export function parseInput(input: unknown): CleanRestartInput {
  const { pool, reason } = fieldsOf(input, ['pool', 'reason']);
  if (reason !== undefined && typeof reason !== 'string')
    throw invalid(`Field "reason" must be text, found ${JSON.stringify(reason)}.`);
  return reason === undefined ? { pool: poolIn(pool) } : { pool: poolIn(pool), reason };
}

/** Refuses what is not `{"pool": "..."}`, as above. */
export function parseSupervision(input: unknown): SupervisionInput {
  const { pool, carried } = fieldsOf(input, ['pool', 'carried']);
  if (carried !== undefined && !(typeof carried === 'object' && carried !== null && 'history' in carried))
    throw invalid('Field "carried" is for the supervisor itself.');
  return { pool: poolIn(pool), carried: (carried ?? AT_REST) as Supervision };
}

function fieldsOf(input: unknown, known: readonly string[]): Record<string, unknown> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalid(`The input must be an object, found ${input === undefined ? 'nothing' : JSON.stringify(input)}.`);
  }
  const extra = Object.keys(input).find((field) => !known.includes(field));
  if (extra !== undefined) throw invalid(`Unknown field "${extra}".`);
  return input as Record<string, unknown>;
}

function poolIn(pool: unknown): string {
  if (typeof pool === 'string' && pool !== '') return pool;
  throw invalid(`Field "pool" must name a pool, found ${JSON.stringify(pool) ?? 'nothing'}.`);
}

function invalid(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`${message} ${EXAMPLE}`, 'INPUT_INVALID');
}
