// The worker's word on a restart that has failed. Temporal's own loses the error's code on its way out of the sandbox.

import { ContinueAsNew, isCancellation, log } from '@temporalio/workflow';
import { codeOf } from './failure-cause.js';

/** How the worker's log knows the line. */
export const RESTART_FAILED_MESSAGE = 'Restart failed';

/** Runs a workflow's work; logs what makes it fail, and lets that go on. */
export async function loggingFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isCancellation(error) && !(error instanceof ContinueAsNew))
      log.warn(RESTART_FAILED_MESSAGE, { code: codeOf(error), error });
    throw error;
  }
}
