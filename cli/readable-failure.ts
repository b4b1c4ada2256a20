// Why a restart has failed, as an operator reads it.

import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { causeOf, codeOf } from '../workflows/failure-cause.js';
import { RestartFailure } from './restart-failure.js';

/** The failure as the activity worded it, without Temporal's envelopes. What is no failure of a restart stays as it is. */
export function readableFailure(error: unknown, pool: string): unknown {
  if (!(error instanceof WorkflowFailedError)) return error;
  const cause = causeOf(error.cause);
  if (cause instanceof ApplicationFailure) {
    const remedy = typeof cause.details?.[0] === 'string' ? cause.details[0] : '';
    return new RestartFailure(codeOf(cause) ?? 'RESTART_FAILED', cause.message.replace(` ${remedy}`, ''), remedy);
  }
  if (cause instanceof CancelledFailure) {
    const again = `Start it again when you like: vm-rejuv rejuvenate ${pool}`;
    return new RestartFailure('RESTART_FAILED', `The restart was given up, and pool ${pool} is as it was.`, again);
  }
  if (cause instanceof TerminatedFailure) {
    const next = `The next one goes on where it was: vm-rejuv rejuvenate ${pool}`;
    return new RestartFailure('RESTART_FAILED', `The restart of pool ${pool} was terminated.`, next);
  }
  return error;
}
