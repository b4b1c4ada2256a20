// The first start of a pool's machines, by their drivers: only what a driver has started can it restart.

import { untilHealthy } from '../activities/health.js';
import { createDriver } from '../activities/hypervisor/create-driver.js';
import type { Config } from '../config/types.js';
import { openDatabase } from '../state/database.js';
import { migrate } from '../state/migrate.js';
import { ensurePool } from '../state/pool.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { choosePool } from './pool-option.js';

/** Boots the active machine, and the standby of a pool that keeps it hot, and waits until their application answers. */
export async function boot(config: Config, poolName: string | undefined, options: OutputOptions): Promise<void> {
  const pools = poolName === undefined ? Object.values(config.pools) : [choosePool(config, poolName)];
  const database = openDatabase(config.database.url);
  try {
    await migrate(config.database.url);
    for (const pool of pools) {
      const { active } = await ensurePool(database, pool);
      const signal = AbortSignal.timeout(2 * pool.health.bootTimeoutMs);
      for (const machine of pool.machines.filter(({ name }) => name === active || pool.standby === 'hot')) {
        const { incarnation } = await createDriver(pool).start(machine.name, { signal });
        await untilHealthy(machine, pool.health, signal);
        print(options, `${pool.name}: ${machine.name} runs at ${machine.url}`, {
          pool: pool.name,
          machine: machine.name,
          incarnation,
        });
      }
    }
  } finally {
    await database.end();
  }
}
