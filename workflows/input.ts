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

export interface FleetInput {
  pools: string[];
  /** How many restarts run at the same time. */
  atMost: number;
  reason?: string;
}

const FLEET_EXAMPLE = 'Start it with one JSON object such as {"pools": ["shop", "blog"], "atMost": 1}.';
const EXAMPLE = 'Start it with one JSON object such as {"pool": "shop"}.';

/** Refuses what is not `{"pool": "...", "reason"?: "..."}` with what was found and an example. */
export function parseInput(input: unknown): CleanRestartInput {
  const { pool, reason } = fieldsOf(input, ['pool', 'reason']);
  const why = reasonFrom(reason);
  return why === undefined ? { pool: poolIn(pool) } : { pool: poolIn(pool), reason: why };
}

/** Refuses what is not `{"pool": "..."}`, as above. */
export function parseSupervision(input: unknown): SupervisionInput {
  const { pool, carried } = fieldsOf(input, ['pool', 'carried']);
  if (carried !== undefined && !(typeof carried === 'object' && carried !== null && 'history' in carried))
    throw invalid('Field "carried" is for the supervisor itself.');
  return { pool: poolIn(pool), carried: { ...AT_REST, ...(carried as Partial<Supervision> | undefined) } };
}

/** Refuses what is not `{"pools": ["..."], "atMost"?: 1, "reason"?: "..."}`, as above. */
export function parseFleet(input: unknown): FleetInput {
  const { pools, atMost = 1, reason } = fieldsOf(input, ['pools', 'atMost', 'reason'], FLEET_EXAMPLE);
  const isList = Array.isArray(pools) && pools.length > 0 && pools.every((pool) => typeof pool === 'string' && pool !== '');
  if (!isList || new Set(pools).size < pools.length)
    throw invalid(`Field "pools" must be a list of different names, found ${JSON.stringify(pools) ?? 'nothing'}.`, FLEET_EXAMPLE);
  if (typeof atMost !== 'number' || !Number.isInteger(atMost) || atMost < 1)
    throw invalid(`Field "atMost" must be a whole number of at least 1, found ${JSON.stringify(atMost)}.`, FLEET_EXAMPLE);
  const named = { pools: pools as string[], atMost: Math.min(atMost, pools.length) };
  const why = reasonFrom(reason, FLEET_EXAMPLE);
  return why === undefined ? named : { ...named, reason: why };
}

function reasonFrom(reason: unknown, example = EXAMPLE): string | undefined {
  if (reason === undefined || typeof reason === 'string') return reason;
  throw invalid(`Field "reason" must be text, found ${JSON.stringify(reason)}.`, example);
}

function fieldsOf(input: unknown, known: readonly string[], example = EXAMPLE): Record<string, unknown> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalid(`The input must be an object, found ${input === undefined ? 'nothing' : JSON.stringify(input)}.`, example);
  }
  const extra = Object.keys(input).find((field) => !known.includes(field));
  if (extra !== undefined) throw invalid(`Unknown field "${extra}".`, example);
  return input as Record<string, unknown>;
}

function poolIn(pool: unknown): string {
  if (typeof pool === 'string' && pool !== '') return pool;
  throw invalid(`Field "pool" must name a pool, found ${JSON.stringify(pool) ?? 'nothing'}.`);
}

function invalid(message: string, example = EXAMPLE): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`${message} ${example}`, 'INPUT_INVALID');
}
