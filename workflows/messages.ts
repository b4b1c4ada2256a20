// What an operator can ask of, and say to, a clean restart. Names on the wire equal the constants.

import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { RestartStatus } from './steps.js';

export interface OperatorNote {
  /** Kept in the history; that of an abort also with the pool, for `status`. */
  reason?: string;
}

export const statusQuery = defineQuery<RestartStatus>('status');
export const retryUpdate = defineUpdate<string, [OperatorNote]>('retry');
export const skipUpdate = defineUpdate<string, [OperatorNote]>('skip');
export const abortUpdate = defineUpdate<string, [OperatorNote]>('abort');
