// Before the first of many pools is touched: all of them are known.

import type { ActivityDeps } from './deps.js';
import { poolConfig } from './deps.js';
import { toFailure } from './errors.js';

/** POOL_UNKNOWN, with the names of those that there are. */
export function requirePools(deps: ActivityDeps, { pools }: { pools: readonly string[] }): Promise<void> {
  try {
    for (const pool of pools) poolConfig(deps, pool);
    return Promise.resolve();
  } catch (error) {
    return Promise.reject(toFailure(error));
  }
}
