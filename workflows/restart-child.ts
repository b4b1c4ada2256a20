// A clean restart, or a fail-over, as the child of another workflow.

import { ParentClosePolicy } from '@temporalio/workflow';
import type { CleanRestartInput } from './input.js';
import { failOverOf, restartOf } from './workflow-ids.js';

interface ChildOptions {
  workflowId: string;
  args: [CleanRestartInput];
  parentClosePolicy: ParentClosePolicy;
  staticSummary: string;
}

/** It outlives its parent: whoever ends that does not want a pool half moved. */
export function asChild(input: CleanRestartInput): ChildOptions {
  return {
    workflowId: restartOf(input.pool),
    args: [input],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: `Clean restart of ${input.pool}`,
  };
}

/** The same of a fail-over. */
export function asFailOver(input: CleanRestartInput): ChildOptions {
  return { ...asChild(input), workflowId: failOverOf(input.pool), staticSummary: `Fail-over of ${input.pool}` };
}
