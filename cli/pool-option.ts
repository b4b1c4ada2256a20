// Which pool a command means.

import { OperatorError } from '../config/operator-error.js';
import type { Config, PoolConfig } from '../config/types.js';
import { poolUnknown } from '../state/errors.js';

/** The pool named, or the only one there is. */
export function choosePool(config: Pick<Config, 'pools'>, name: string | undefined): PoolConfig {
  const names = Object.keys(config.pools);
  const chosen = name ?? (names.length === 1 ? names[0] : undefined);
  const pool = chosen !== undefined && Object.hasOwn(config.pools, chosen) ? config.pools[chosen] : undefined;
  if (pool) return pool;
  if (name !== undefined) throw poolUnknown(name, names);
  throw new OperatorError('POOL_UNKNOWN', 'The configuration has several pools.', `Name one of: ${names.join(', ')}.`, {
    status: 404,
  });
}
