// Step 5 of a fail-over: the machine that had failed is the standby. Of a cold pool it stays off.

import { withAttempt } from '../attempt.js';
import type { ActivityDeps } from '../deps.js';
import { machineNamed } from '../deps.js';
import { untilHealthy } from '../health.js';
import { startInTime } from '../hypervisor/in-time.js';
import type { FailOverPair } from './prepare-standby.js';

export async function bringBack(deps: ActivityDeps, pool: string, { from, to }: FailOverPair): Promise<void> {
  await withAttempt(deps, pool, async (attempt) => {
    const failed = machineNamed(attempt.pool, from);
    // It would load sessions that are the other's by now.
    if ((await attempt.driver.status(from, attempt)).power === 'off')
      await attempt.mechanism.forsake({ primary: failed, standby: machineNamed(attempt.pool, to) }, attempt);
    if (attempt.pool.standby === 'cold') return;
    await startInTime(failed, attempt);
    await untilHealthy(failed, attempt.pool.health, attempt);
    await attempt.driver.keep(from, attempt);
  });
}
