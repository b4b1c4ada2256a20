// What is kept of a restart that has given its pool back as it was.

import { isCancellation } from '@temporalio/workflow';
import { codeOf, reasonOf } from './failure-cause.js';
import type { RunOrigin } from './run-origin.js';

export interface FailureRecord extends Partial<RunOrigin> {
  code: string;
  /** What happened and what to do. */
  message: string;
}

/** `abortReason` is what who aborted it has said, or null. */
export function recordOf(error: unknown, abortReason: string | null): FailureRecord {
  if (isCancellation(error)) {
    const why = abortReason === null ? '.' : `: ${abortReason}`;
    return { code: 'RESTART_FAILED', message: `It was given up on request${why}` };
  }
  return { code: codeOf(error) ?? 'RESTART_FAILED', message: reasonOf(error) };
}
