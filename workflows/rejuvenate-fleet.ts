// Clean restarts of many pools, at most so many at a time. The first failure stops it until an operator has looked.

import { executeChild, isCancellation, proxyActivities } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { Activities } from '../activities/index.js';
import { cleanRestart } from './clean-restart.js';
import { codeOf, reasonOf, causeOf } from './failure-cause.js';
import { loggingFailure } from './failure-log.js';
import type { PoolProgress } from './fleet.js';
import { Fleet } from './fleet.js';
import { parseFleet } from './input.js';
import { listed } from './listing.js';
import { asChild } from './restart-child.js';
import { brief } from './retry-policies.js';

const { requirePools } = proxyActivities<Activities>(brief);

export function rejuvenateFleet(input: unknown): Promise<PoolProgress[]> {
  return loggingFailure(() => listed(input, () => rejuvenate(input)));
}

async function rejuvenate(input: unknown): Promise<PoolProgress[]> {
  const { pools, atMost, reason } = parseFleet(input);
  const fleet = new Fleet(pools);
  await requirePools.executeWithOptions({ summary: 'Look whether all pools are known' }, [{ pools }]);
  do {
    await Promise.all(Array.from({ length: atMost }, () => oneAfterTheOther()));
  } while (await fleet.mayGoOn());
  return fleet.pools;

  async function oneAfterTheOther(): Promise<void> {
    do {
      // Begun without a wait in between: recorded runs have that order of commands.
      for (let pool = fleet.takeNext(); pool !== null; pool = fleet.takeNext()) await restart(pool);
    } while (await fleet.mayTakeMore());
  }

  async function restart(pool: string): Promise<void> {
    try {
      await executeChild(cleanRestart, asChild(reason === undefined ? { pool } : { pool, reason }));
      fleet.set(pool, 'done');
    } catch (error) {
      if (isCancellation(error)) throw error;
      if (error instanceof WorkflowExecutionAlreadyStartedError)
        return fleet.set(pool, 'failed', 'RESTART_RUNNING', 'A restart that somebody else has begun is under way.');
      fleet.set(pool, 'failed', codeOf(error) ?? 'RESTART_FAILED', reasonOf(causeOf(error)));
    }
  }
}
