// Who has begun a restart or a fail-over, and why: kept with its result, as who asks weeks later has nothing else.

import { workflowInfo } from '@temporalio/workflow';

export interface RunOrigin {
  /** Why, or null. */
  reason: string | null;
  /** The workflow that has, as `pool/shop`, which is its supervisor; `operator` where none has. */
  begunBy: string;
}

/** Of the workflow that calls it. */
export function originOf(reason: string | null): RunOrigin {
  return { reason, begunBy: workflowInfo().parent?.workflowId ?? 'operator' };
}
