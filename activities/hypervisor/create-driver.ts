// The driver that a pool's machines name.

import type { PoolConfig } from '../../config/types.js';
import type { HypervisorDriver } from './driver.js';
import { withOwnErrors } from './own-errors.js';
import { createProcessDriver } from './process.js';

export function createDriver(pool: PoolConfig): HypervisorDriver {
  return withOwnErrors(createProcessDriver(pool.machines));
}
