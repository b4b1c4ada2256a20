// What wraps a failure only says that something failed.

import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';

/** The outermost cause that `isMeant`, which is a step's own failure unless said otherwise; else the innermost. */
export function causeOf(
  error: unknown,
  isMeant: (cause: Error) => boolean = (cause) => cause instanceof ApplicationFailure,
): unknown {
  let cause = error;
  while (cause instanceof Error && !isMeant(cause) && cause.cause !== undefined) cause = cause.cause;
  return cause;
}

/** Its code of docs/errors.md; null where it has none, as when its worker has died. */
export function codeOf(error: unknown): string | null {
  const cause = causeOf(error);
  // In place of a code, an error that is none of ours has the name of its class.
  return cause instanceof ApplicationFailure && /^[A-Z_]+$/.test(cause.type ?? '') ? (cause.type ?? null) : null;
}

/** Why a step has failed, in words for who operates the restart. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? (error.cause ?? error) : error;
  if (cause instanceof TimeoutFailure) return describeTimeout(cause.timeoutType);
  return cause instanceof Error ? cause.message : String(cause);
}

function describeTimeout(type: TimeoutFailure['timeoutType']): string {
  switch (type) {
    case 'HEARTBEAT':
      return 'Its worker has ended or hangs: it was not heard of in time.';
    case 'SCHEDULE_TO_START':
      return 'No worker took it in time.';
    default:
      return 'It was not done in its time, however often it was tried.';
  }
}
