// What a worker says on standard error: one line for each thing that happened, stack traces only for who looks for a mistake of ours.

import { inspect } from 'node:util';
import { ApplicationFailure, SdkComponent } from '@temporalio/common';
import type { ActivityInterceptorsFactory, LogEntry } from '@temporalio/worker';
import { DefaultLogger } from '@temporalio/worker';
import { describeError, OperatorError } from '../config/operator-error.js';
import { causeOf } from '../workflows/failure-cause.js';
import { RESTART_FAILED_MESSAGE } from '../workflows/failure-log.js';

/** What becomes of restarts, and warnings and errors of Temporal's runtime, of activities and of workflows. */
export function createLogger(write = (line: string): unknown => process.stderr.write(line)): DefaultLogger {
  return new DefaultLogger('INFO', (entry) => {
    // The workflow has said it better: workflows/failure-log.ts.
    if (entry.message === 'Workflow failed' || isTemporalsOwnNews(entry)) return;
    write(`${renderEntry(entry)}\n`);
  });
}

/** Such as that a worker's state has changed: nothing that an operator acts on. */
function isTemporalsOwnNews({ level, meta }: LogEntry): boolean {
  return level === 'INFO' && meta?.['sdkComponent'] === SdkComponent.worker;
}

/** Lets the log name the pool that a step works on. */
export const namePools: ActivityInterceptorsFactory = () => {
  let pool: unknown;
  return {
    inbound: {
      execute(input, next) {
        pool = (input.args[0] as { pool?: unknown } | undefined)?.pool;
        return next(input);
      },
    },
    outbound: { getLogAttributes: (attributes, next) => next({ ...attributes, pool }) },
  };
};

/** A line; with VM_REJUV_DEBUG the stack trace below it. */
export function renderEntry({ level, timestampNanos, message, meta = {} }: LogEntry, debug = isDebugging()): string {
  const { error, ...about } = meta;
  const when = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  const failure = error === undefined ? '' : `: ${describeFailure(error, about['code'])}`;
  const line = `${when} ${level} ${subject(message, about, debug)}${failure}`.replace(/\s*\n\s*/g, ' ');
  return debug && error instanceof Error ? `${line}\n${inspect(error)}` : line;
}

function subject(message: string, about: Record<string, unknown>, debug: boolean): string {
  const { activityType, pool, attempt, workflowId } = about;
  if (message === 'Activity failed') return `${String(activityType)} of ${String(pool)}, attempt ${String(attempt)}`;
  if (message === RESTART_FAILED_MESSAGE) return `${String(workflowId)} has failed`;
  // What Temporal says of itself is in its message; what it adds would fill lines.
  return debug ? `${message} ${inspect(about, { breakLength: Infinity })}` : message;
}

/** A workflow's error comes without its class, so its code is told beside it. */
function describeFailure(error: unknown, code: unknown): string {
  const cause = causeOf(error, hasCode);
  const known = cause instanceof ApplicationFailure ? cause.type : code;
  // The message of such a failure ends with the remedy.
  return typeof known === 'string' && cause instanceof Error ? `${known}: ${cause.message}` : describeError(cause);
}

function hasCode(error: Error): boolean {
  return error instanceof ApplicationFailure || error instanceof OperatorError;
}

function isDebugging(): boolean {
  return Boolean(process.env['VM_REJUV_DEBUG']);
}
