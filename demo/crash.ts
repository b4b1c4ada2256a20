// Kills the worker while a step of a clean restart runs.

import { setTimeout as sleep } from 'node:timers/promises';
import type { CleanRestartHandle } from '../worker/temporal-client.js';
import type { StepName } from '../workflows/steps.js';

const POLL_MS = 3;
/** temporal.api.enums.v1.PendingActivityState: PENDING_ACTIVITY_STATE_STARTED */
const STARTED = 2;

/** Resolves with true once the worker was killed in that step, with false when the restart has ended before. */
export async function killDuring(
  step: StepName,
  handle: CleanRestartHandle,
  kill: () => void,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const { status, raw } = await handle.describe();
    if (raw.pendingActivities?.some(({ activityType, state }) => activityType?.name === step && Number(state) === STARTED)) {
      kill();
      return true;
    }
    if (status.name !== 'RUNNING') return false;
    await sleep(POLL_MS, undefined, { signal });
  }
}
