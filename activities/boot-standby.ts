// Step 1: the pool is this run's, the standby runs and is healthy, and the preflight has passed.

import { mustBeAlike } from './alike.js';
import { withAttempt } from './attempt.js';
import { claim } from './claim.js';
import type { ActivityDeps } from './deps.js';
import { pairOf } from './deps.js';
import { primaryNotRunning, toFailure } from './errors.js';
import { untilHealthy } from './health.js';
import { DistinctMachines } from './hypervisor/distinct-machines.js';
import { startInTime } from './hypervisor/in-time.js';
import { streamingKeys } from './streaming.js';

export async function bootStandby(deps: ActivityDeps, pool: string): Promise<{ from: string; to: string }> {
  await claim(deps, pool).catch((error: unknown) => {
    throw toFailure(error);
  });
  return withAttempt(deps, pool, async (attempt) => {
    const { row, driver, mechanism, proxies, signal } = attempt;
    const pair = pairOf(attempt.pool, row);
    if (row.phase === 'steady' && (await driver.status(pair.primary.name, attempt)).power === 'off') {
      throw primaryNotRunning(pool, pair.primary.name);
    }
    // Found out after the drain, it would be an operator's problem.
    if (row.phase === 'steady') await driver.verify(pair.primary.name, attempt);
    await startInTime(pair.standby, attempt);
    await untilHealthy(pair.standby, attempt.pool.health, attempt);
    await driver.keep(pair.standby.name, attempt);
    if (row.phase === 'steady') {
      const machines = new DistinctMachines();
      for (const { name } of [pair.primary, pair.standby]) await machines.add(driver, pool, name, attempt);
    }
    const reports = await proxies.allReport(row.epoch, signal);
    // After the point of no return there is nothing to refuse any more. The preflight is last, as it may write users' sessions to their store.
    if (row.phase === 'steady') {
      mustBeAlike(attempt.pool, reports);
      await mechanism.preflight(pair, () => streamingKeys(proxies), attempt);
    }
    return { from: pair.primary.name, to: pair.standby.name };
  });
}
