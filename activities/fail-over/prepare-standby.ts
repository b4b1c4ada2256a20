// Step 1 of a fail-over: the pool is this run's, the active machine is still ill, and the standby runs and is healthy.

import { setTimeout as sleep } from 'node:timers/promises';
import { abandonPool, readPool } from '../../state/pool.js';
import type { MachineConfig } from '../../config/types.js';
import type { Attempt } from '../attempt.js';
import { withAttempt } from '../attempt.js';
import { claim } from '../claim.js';
import type { ActivityDeps } from '../deps.js';
import { pairOf, poolConfig } from '../deps.js';
import { noProxy, poolMoving, standbyUnreachable, toFailure } from '../errors.js';
import { mustBeIll } from './ill.js';
import { untilHealthy } from '../health.js';
import { startInTime } from '../hypervisor/in-time.js';

/** As long as a clean restart's canary has. */
const PATIENCE_MS = 5000;
const POLL_MS = 250;

export interface FailOverPair {
  /** The machine that has failed. */
  from: string;
  to: string;
}

export async function prepareStandby(deps: ActivityDeps, pool: string): Promise<FailOverPair> {
  try {
    poolConfig(deps, pool);
    const { phase, run } = await readPool(deps.database, pool);
    // Before anything is taken: only who has moved half of the sessions can go on with it. One that has moved none is given up.
    if (phase === 'opening' && run !== null && !(await deps.isRunOpen(run)))
      await abandonPool(deps.database, pool, run, {
        code: 'RESTART_FAILED',
        message: 'It has ended, and its active machine is down.',
      });
    else if (phase !== 'steady') throw poolMoving(pool, phase);
    await claim(deps, pool);
  } catch (error) {
    throw toFailure(error);
  }
  return withAttempt(deps, pool, async (attempt) => {
    const { row, driver } = attempt;
    if (row.phase !== 'steady') throw poolMoving(pool, row.phase);
    const { primary, standby } = pairOf(attempt.pool, row);
    await mustBeIll(attempt, primary);
    await startInTime(standby, attempt);
    await untilHealthy(standby, attempt.pool.health, attempt);
    await driver.keep(standby.name, attempt);
    await mustBeReached(attempt, standby);
    // The standby may have taken minutes to boot.
    await mustBeIll(attempt, primary);
    return { from: primary.name, to: standby.name };
  });
}

/** By every proxy that answers, of which there must be one: what they do not reach they could not send anybody to. */
async function mustBeReached({ pool, proxies, signal }: Attempt, { name }: MachineConfig): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; ;) {
    const views = await proxies.healthSeen('standby', pool.health).catch(() => []);
    const ill = views.find(({ seen }) => seen !== null);
    if (views.length > 0 && ill === undefined) return;
    if (performance.now() > deadline)
      throw ill === undefined ? noProxy(pool.name, true) : standbyUnreachable(name, ill.proxy, ill.seen ?? '');
    await sleep(POLL_MS, undefined, { signal });
  }
}
