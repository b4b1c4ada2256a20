// Step 1 of a fail-over: the pool is this run's, the active machine is still ill, and the standby runs and is healthy.

import { readPool } from '../../state/pool.js';
import { withAttempt } from '../attempt.js';
import { claim } from '../claim.js';
import type { ActivityDeps } from '../deps.js';
import { pairOf, poolConfig } from '../deps.js';
import { activeRecovered, poolMoving, toFailure } from '../errors.js';
import { probe, untilHealthy } from '../health.js';
import { startInTime } from '../hypervisor/in-time.js';

export interface FailOverPair {
  /** The machine that has failed. */
  from: string;
  to: string;
}

export async function prepareStandby(deps: ActivityDeps, pool: string): Promise<FailOverPair> {
  try {
    poolConfig(deps, pool);
    const { phase } = await readPool(deps.database, pool);
    // Before anything is taken: only who has moved half of the sessions can go on with it.
    if (phase !== 'steady') throw poolMoving(pool, phase);
    await claim(deps, pool);
  } catch (error) {
    throw toFailure(error);
  }
  return withAttempt(deps, pool, async (attempt) => {
    const { row, driver } = attempt;
    if (row.phase !== 'steady') throw poolMoving(pool, row.phase);
    const { primary, standby } = pairOf(attempt.pool, row);
    const seen = await probe(primary, attempt.pool.health);
    if (seen === null) throw activeRecovered(pool, primary.name);
    await startInTime(standby, attempt);
    await untilHealthy(standby, attempt.pool.health, attempt);
    await driver.keep(standby.name, attempt);
    return { from: primary.name, to: standby.name };
  });
}
