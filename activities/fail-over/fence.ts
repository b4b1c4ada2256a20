// Step 2 of a fail-over: the machine that has failed is off, whatever it was doing. Until then it may still write.

import type { Attempt } from '../attempt.js';
import { withAttempt } from '../attempt.js';
import type { ActivityDeps } from '../deps.js';
import { machineNamed } from '../deps.js';
import { hypervisorFailed } from '../errors.js';
import { stopInTime } from '../hypervisor/in-time.js';

export async function fence(deps: ActivityDeps, pool: string, from: string): Promise<void> {
  await withAttempt(deps, pool, async (attempt) => {
    // It may write its sessions when it is asked to end; then it is forced.
    await stopInTime(machineNamed(attempt.pool, from), attempt);
    await mustBeOff(attempt, from);
  });
}

/** Some accept what they then do not do. */
async function mustBeOff(attempt: Attempt, machine: string): Promise<void> {
  const { power } = await attempt.driver.status(machine, attempt);
  if (power !== 'off') throw hypervisorFailed(machine, `says that it has stopped it, and then that it is ${power}`);
}
