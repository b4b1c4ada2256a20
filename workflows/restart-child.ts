// A clean restart as the child of another workflow.

import { ParentClosePolicy } from '@temporalio/workflow';
import type { CleanRestartInput } from './input.js';
import { restartOf } from './workflow-ids.js';

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
