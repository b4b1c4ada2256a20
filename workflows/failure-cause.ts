// What wraps a failure only says that something failed.

import { ApplicationFailure } from '@temporalio/common';

/** The outermost cause that `isMeant`, which is a step's own failure unless said otherwise; else the innermost. */
export function causeOf(
  error: unknown,
  isMeant: (cause: Error) => boolean = (cause) => cause instanceof ApplicationFailure,
): unknown {
  let cause = error;
  while (cause instanceof Error && !isMeant(cause) && cause.cause !== undefined) cause = cause.cause;
  return cause;
}
