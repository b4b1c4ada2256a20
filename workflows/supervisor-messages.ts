// What the supervisor of a pool is told and asked. Names on the wire equal the constants; each takes one JSON object.

import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { OperatorNote } from './messages.js';
import type { Explanation, PoolStatus } from './supervision.js';

export interface RejuvenateRequest extends OperatorNote {
  /** Against windows, cooldown and the number of a day. */
  force?: boolean;
}

export interface AgingReport {
  /** What was seen, in words. */
  evidence?: string;
  /** `age` when only the limit of age is meant. */
  by?: 'aging' | 'age';
}

export interface DownReport {
  evidence?: string;
  /** Which machine is down; without it the one that is active when policy is asked. */
  machine?: string;
}

export interface AnomalyReport {
  evidence?: string;
  /** Which of them this is; it is open then until it is told to be over. */
  about?: string;
  isOver?: boolean;
}

export interface LookAgain {
  /** Another machine is active than before: what was refused is answered by that. */
  isSwapped?: boolean;
}

export const rejuvenateSignal = defineSignal<[RejuvenateRequest]>('rejuvenate');
export const agingDetectedSignal = defineSignal<[AgingReport]>('agingDetected');
export const serverDownSignal = defineSignal<[DownReport]>('serverDown');
export const anomalySeenSignal = defineSignal<[AnomalyReport]>('anomalySeen');
export const lookAgainSignal = defineSignal<[LookAgain]>('lookAgain');

export const approveUpdate = defineUpdate<string, [OperatorNote]>('approve');
export const rejectUpdate = defineUpdate<string, [OperatorNote]>('reject');
export const pauseUpdate = defineUpdate<string, [OperatorNote]>('pause');
export const resumeUpdate = defineUpdate<string, [OperatorNote]>('resume');

export const poolStatusQuery = defineQuery<PoolStatus>('status');
export const historyQuery = defineQuery<Explanation[]>('history');
