// How far a run of a clean restart is: what the workflow says of itself, and what Temporal knows of the attempt under way.

import type { Client } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { OperatorError } from '../config/operator-error.js';
import type { TemporalConfig } from '../config/types.js';
import { askTemporal } from '../worker/ask-temporal.js';
import { askWorker } from '../worker/ask-worker.js';
import type { RunHandle } from '../worker/temporal-client.js';
import { isOpen, isStarted } from '../worker/temporal-client.js';
import { codeOf, reasonOf } from '../workflows/failure-cause.js';
import { statusQuery } from '../workflows/messages.js';
import type { RestartStatus, StepTime } from '../workflows/steps.js';
import { helpfulUpdates } from '../workflows/steps.js';

export interface RestartProgress {
  /** False when the run has ended. */
  open: boolean;
  /** NO_WORKER or WORKER_FAILED where the workflow is open and has not answered, which takes a worker. */
  silence: OperatorError | null;
  /** Null before the first one, and when nobody could tell. */
  step: string | null;
  /** How long it has been in that step. */
  stepMs: number | null;
  /** All steps with their times; empty when the workflow has not answered. */
  steps: StepTime[];
  /** Which attempt of the step this is, from 1; null when no step runs. */
  attempt: number | null;
  /** Whether that attempt runs, rather than waits for its turn. */
  running: boolean;
  /** Why the attempt before it has ended. */
  retrying: string | null;
  /** What the attempt that runs tells of itself, in words; null when it tells nothing. */
  doing: string | null;
  /** Why it waits for an operator. */
  waiting: string | null;
  /** When it began to wait; what `waiting` says is of that moment. Null when it does not, or its worker does not tell. */
  waitingSince: Date | null;
  /** The code of `retrying` or of `waiting`; null where it has none, as when a worker has died. */
  code: string | null;
  /** The updates that decide what it waits for. */
  updates: string[];
}

/** Asks once; TEMPORAL_UNREACHABLE when Temporal does not answer. That no worker does is no error. */
export async function progressOf(client: Client, temporal: TemporalConfig, run: RunHandle): Promise<RestartProgress> {
  const { status, raw, taskQueue } = await askTemporal(client, temporal.address, () => run.describe());
  const open = isOpen(status.name);
  const answer = open ? await askRestart(client, { ...temporal, taskQueue }, run) : null;
  const [said, silence] = answer instanceof OperatorError ? [null, answer] : [answer, null];
  const [attempt] = raw.pendingActivities ?? [];
  // A worker of an earlier version does not tell when the step began.
  const startedAtMs = said?.stepStartedAtMs ?? inMs(attempt?.scheduledTime);
  const failure = attempt?.lastFailure
    ? defaultFailureConverter.failureToError(attempt.lastFailure, defaultPayloadConverter)
    : null;
  return {
    open,
    silence,
    step: said?.step ?? attempt?.activityType?.name ?? null,
    stepMs: startedAtMs === null ? null : Math.max(0, Date.now() - startedAtMs),
    steps: said?.steps ?? [],
    attempt: attempt?.attempt ?? null,
    running: attempt !== undefined && isStarted(attempt),
    retrying: failure === null ? null : reasonOf(failure),
    doing: describeDetails(attempt?.heartbeatDetails?.payloads?.[0]),
    waiting: said?.waiting ?? null,
    waitingSince: typeof said?.waitingSinceMs === 'number' ? new Date(said.waitingSinceMs) : null,
    code: failure === null ? (said?.code ?? null) : codeOf(failure),
    updates: said?.waiting ? helpfulUpdates(said.step) : [],
  };
}

async function askRestart(client: Client, temporal: TemporalConfig, run: RunHandle): Promise<RestartStatus | OperatorError> {
  try {
    return await askWorker(client, temporal, () => run.query(statusQuery));
  } catch (error) {
    if (error instanceof OperatorError) return error;
    throw error;
  }
}

/** What activities/await-drain.ts and migrate-sessions.ts tell with their heartbeats. */
function describeDetails(payload: Payload | null | undefined): string | null {
  if (!payload) return null;
  const { inFlight, moved, of } = defaultPayloadConverter.fromPayload<Record<string, unknown> | null>(payload) ?? {};
  if (typeof inFlight === 'number') return `${inFlight} ${inFlight === 1 ? 'request' : 'requests'} in flight at the primary`;
  // A drain moves what is left, which may be nothing: no news for who waits for requests.
  if (typeof moved !== 'number' || (moved === 0 && of === undefined)) return null;
  return `${moved} sessions moved${typeof of === 'number' ? ` of ${of}` : ''}`;
}

/** Why it waits for an operator, as of when, and what decides that: lines for people, none when it does not. */
export function describeWaiting(
  { waiting, waitingSince, updates }: Pick<RestartProgress, 'waiting' | 'waitingSince' | 'updates'>,
  pool: string,
): string[] {
  if (waiting === null) return [];
  const asOf = waitingSince === null ? '' : `as of ${waitingSince.toISOString()} it `;
  return [`${asOf}waits for an operator: ${waiting}`, `decide: ${commandsFor(updates, pool)}`];
}

/** The updates as commands. */
function commandsFor(updates: readonly string[], pool: string): string {
  return updates.map((update) => `vm-rejuv ${update} ${pool}`).join(' or ');
}

/** A protobuf timestamp. */
function inMs(time: { seconds?: unknown; nanos?: number | null } | null | undefined): number | null {
  return time ? Number(time.seconds ?? 0) * 1000 + Math.round((time.nanos ?? 0) / 1e6) : null;
}
