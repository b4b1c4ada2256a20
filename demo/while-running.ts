// Does something while a step of a clean restart or fail-over runs, such as killing its worker.

import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { CleanRestartHandle } from '../worker/temporal-client.js';
import { isStarted } from '../worker/temporal-client.js';

const POLL_MS = 3;

/** Whether an attempt of that step runs. */
export function isIn(step: string, { raw }: Pick<WorkflowExecutionDescription, 'raw'>): boolean {
  return (raw.pendingActivities ?? []).some((activity) => activity.activityType?.name === step && isStarted(activity));
}

/** Calls `act` once that step runs; resolves with whether it did before the restart has ended. */
export async function whileRunning(
  step: string,
  handle: Pick<CleanRestartHandle, 'describe'>,
  act: () => void,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const description = await handle.describe();
    if (isIn(step, description)) {
      act();
      return true;
    }
    if (description.status.name !== 'RUNNING') return false;
    await sleep(POLL_MS, undefined, { signal });
  }
}
