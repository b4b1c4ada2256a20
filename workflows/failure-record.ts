// What is kept of a restart that has given its pool back as it was.

import { isCancellation } from '@temporalio/workflow';
import { codeOf, reasonOf } from './failure-cause.js';

export interface FailureRecord {
  code: string;
  /** What happened and what to do. */
  message: string;
}

export function recordOf(error: unknown): FailureRecord {
  if (isCancellation(error)) return { code: 'RESTART_FAILED', message: 'It was given up on request.' };
  return { code: codeOf(error) ?? 'RESTART_FAILED', message: reasonOf(error) };
}
