// Step 5 of a fail-over: no proxy sends the machine that had failed anything any more, and it is the standby. Of a cold pool it stays off.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Attempt } from '../attempt.js';
import { withAttempt } from '../attempt.js';
import type { ActivityDeps } from '../deps.js';
import { machineNamed } from '../deps.js';
import { untilHealthy } from '../health.js';
import { startInTime } from '../hypervisor/in-time.js';
import { keepOff } from './fence.js';
import type { FailOverPair } from './prepare-standby.js';

const POLL_MS = 100;

export async function bringBack(deps: ActivityDeps, pool: string, { from, to }: FailOverPair): Promise<void> {
  await withAttempt(deps, pool, async (attempt) => {
    const failed = machineNamed(attempt.pool, from);
    const isCold = attempt.pool.standby === 'cold';
    if (attempt.told['started'] !== true) {
      // One that somebody else has started has sessions in memory that are the other's by now, and would load more.
      await keepOff(attempt, from);
      await attempt.mechanism.forsake({ primary: failed, standby: machineNamed(attempt.pool, to) }, attempt);
      await untilLeftAlone(attempt, from);
    }
    if (isCold) return;
    attempt.progress({ started: true });
    await startInTime(failed, attempt);
    await untilHealthy(failed, attempt.pool.health, attempt);
    await attempt.driver.keep(from, attempt);
  });
}

/**
 * Waits until every registered proxy routes by the pool's row, and none has a request under way to the machine: one that is behind would send
 * it users' requests, and one that tries to connect would get through to it. Each of those requests has its time-out.
 */
async function untilLeftAlone({ proxies, row, signal }: Attempt, machine: string): Promise<void> {
  for (;;) {
    const reports = await proxies.pastReturn().allReport(row.epoch, signal);
    if (reports.every(({ inFlight }) => (inFlight[machine] ?? 0) === 0)) return;
    await sleep(POLL_MS, undefined, { signal });
  }
}
