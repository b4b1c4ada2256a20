// Step 5 of a fail-over: the machine that had failed is the standby. Of a cold pool it stays off.

import { Context } from '@temporalio/activity';
import { withAttempt } from '../attempt.js';
import type { ActivityDeps } from '../deps.js';
import { machineNamed } from '../deps.js';
import { untilHealthy } from '../health.js';
import { startInTime } from '../hypervisor/in-time.js';
import { keepOff } from './fence.js';
import type { FailOverPair } from './prepare-standby.js';

/** What an attempt tells with its heartbeats, for the next to know. */
interface Progress {
  started?: boolean;
}

export async function bringBack(deps: ActivityDeps, pool: string, { from, to }: FailOverPair): Promise<void> {
  await withAttempt(deps, pool, async (attempt) => {
    const failed = machineNamed(attempt.pool, from);
    const isCold = attempt.pool.standby === 'cold';
    const { started } = (Context.current().info.heartbeatDetails ?? {}) as Progress;
    if (started !== true) {
      // One that somebody else has started has sessions in memory that are the other's by now, and would load more.
      await keepOff(attempt, from);
      await attempt.mechanism.forsake({ primary: failed, standby: machineNamed(attempt.pool, to) }, attempt);
    }
    if (isCold) return;
    attempt.progress({ started: true } satisfies Progress);
    await startInTime(failed, attempt);
    await untilHealthy(failed, attempt.pool.health, attempt);
    await attempt.driver.keep(from, attempt);
  });
}
