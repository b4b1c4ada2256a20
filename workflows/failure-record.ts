// What is kept of a restart that has given its pool back as it was.

import { ApplicationFailure, isCancellation } from '@temporalio/workflow';
import { causeOf, reasonOf } from './failure-cause.js';

export interface FailureRecord {
  code: string;
  /** What happened and what to do. */
  message: string;
}

export function recordOf(error: unknown): FailureRecord {
  if (isCancellation(error)) return { code: 'RESTART_FAILED', message: 'It was given up on request.' };
  const cause = causeOf(error);
  const code = cause instanceof ApplicationFailure ? cause.type : null;
  return { code: code ?? 'RESTART_FAILED', message: reasonOf(error) };
}
