// Step 2 of a fail-over: the machine that has failed is off, whatever it was doing. Until then it may still write.

import type { Attempt } from '../attempt.js';
import { withAttempt } from '../attempt.js';
import type { ActivityDeps } from '../deps.js';
import { machineNamed } from '../deps.js';
import { hypervisorFailed } from '../errors.js';
import { stopInTime } from '../hypervisor/in-time.js';
import { mustBeIll } from './ill.js';

export async function fence(deps: ActivityDeps, pool: string, from: string): Promise<void> {
  await withAttempt(deps, pool, async (attempt) => {
    // One that was asked to end may answer well while it does.
    if (attempt.told['asked'] !== true) await mustBeIll(attempt, machineNamed(attempt.pool, from));
    attempt.progress({ asked: true });
    await keepOff(attempt, from);
  });
}

/**
 * Ensures that the machine is off, also when somebody has started it meanwhile. It may write its sessions when it is asked to end; then it is
 * forced. Resolves with whether it was off already.
 */
export async function keepOff(attempt: Attempt, machine: string): Promise<boolean> {
  const before = await attempt.driver.status(machine, attempt);
  await stopInTime(machineNamed(attempt.pool, machine), attempt);
  const { power } = await attempt.driver.status(machine, attempt);
  // Some accept what they then do not do.
  if (power !== 'off') throw hypervisorFailed(machine, `says that it has stopped it, and then that it is ${power}`);
  return before.power === 'off';
}
