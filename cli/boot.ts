// The first start of a pool's machines, by their drivers: only what a driver has started can it restart.

import { untilHealthy } from '../activities/health.js';
import { createDriver } from '../activities/hypervisor/create-driver.js';
import { inPool, OperatorError } from '../config/operator-error.js';
import type { Config, HealthConfig, PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import { openDatabase } from '../state/database.js';
import { migrate } from '../state/migrate.js';
import type { PoolRow } from '../state/pool.js';
import { ensurePool } from '../state/pool.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { choosePool } from './pool-option.js';

/** Chosen. */
const TELL_EVERY_MS = 5000;

/** What is seen first, and again from time to time, is told: a person waits. */
function createPatience({ bootTimeoutMs }: HealthConfig, machine: string): (seen: string) => void {
  let toldAt = -Infinity;
  return (seen) => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    console.error(`  ${machine}: ${seen}; waits up to ${bootTimeoutMs / 1000} s`);
  };
}

/**
 * Boots the active machine, and the standby of a pool that keeps it hot, and waits until their application answers. POOL_IN_USE while a run
 * has a pool: which machine is off, and has to stay so, is its decision.
 */
export async function boot(config: Config, poolName: string | undefined, options: OutputOptions): Promise<void> {
  const pools = poolName === undefined ? Object.values(config.pools) : [choosePool(config, poolName)];
  const database = openDatabase(config.database.url);
  try {
    await migrate(config.database.url);
    // Before anything is started of any.
    for (const pool of pools) await mustBeFree(database, pool);
    for (const pool of pools) {
      const { active } = await mustBeFree(database, pool);
      const driver = createDriver(pool);
      const signal = AbortSignal.timeout(2 * pool.health.bootTimeoutMs);
      for (const machine of pool.machines.filter(({ name }) => name === active || pool.standby === 'hot')) {
        const { name, url } = machine;
        const { incarnation, asConfigured = true } = await driver.start(name, { signal });
        await untilHealthy(machine, pool.health, { signal, driver, onSeen: createPatience(pool.health, name) }).catch(
          (error: unknown) => {
            throw inPool(error, pool.name);
          },
        );
        const changed = asConfigured ? '' : '; its configuration has changed since it was started: its next restart applies that';
        print(options, `${pool.name}: ${name} runs at ${url}${changed}`, {
          ...{ pool: pool.name, machine: name, incarnation, asConfigured },
        });
      }
    }
  } finally {
    await database.end();
  }
}

async function mustBeFree(database: Database, pool: PoolConfig): Promise<PoolRow> {
  const row = await ensurePool(database, pool);
  if (row.run !== null) throw hasPool(pool.name, row.run);
  return row;
}

function hasPool(pool: string, run: string): OperatorError {
  return new OperatorError(
    'POOL_IN_USE',
    `Pool ${pool} is in use: ${run} has it, and may have switched a machine off on purpose.`,
    `Let it end; what it waits for tells: vm-rejuv status ${pool}. One that has ended without giving the pool back goes on by: vm-rejuv rejuvenate ${pool}`,
    { status: 409 },
  );
}
