// Does something while a step of a clean restart runs, such as killing its worker.

import { setTimeout as sleep } from 'node:timers/promises';
import type { CleanRestartHandle } from '../worker/temporal-client.js';
import type { StepName } from '../workflows/steps.js';

const POLL_MS = 3;
/** temporal.api.enums.v1.PendingActivityState: PENDING_ACTIVITY_STATE_STARTED */
const STARTED = 2;

/** Calls `act` once that step runs; resolves with whether it did before the restart has ended. */
export async function whileRunning(
  step: StepName,
  handle: Pick<CleanRestartHandle, 'describe'>,
  act: () => void,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const { status, raw } = await handle.describe();
    if (raw.pendingActivities?.some(({ activityType, state }) => activityType?.name === step && Number(state) === STARTED)) {
      act();
      return true;
    }
    if (status.name !== 'RUNNING') return false;
    await sleep(POLL_MS, undefined, { signal });
  }
}
