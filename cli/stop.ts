// The end of a pool's machines: they outlive proxies and workers, as traffic has to.

import { createDriver } from '../activities/hypervisor/create-driver.js';
import { OperatorError } from '../config/operator-error.js';
import { isGiven, withPlaceholders } from '../config/environment.js';
import { loadConfig } from '../config/load.js';
import type { PoolConfig } from '../config/types.js';
import { openDatabase } from '../state/database.js';
import { migrate } from '../state/migrate.js';
import { ensurePool } from '../state/pool.js';
import { isProvedDead } from '../state/process-identity.js';
import { liveProxies } from '../state/proxy-register.js';
import { withConnections } from './connections.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { choosePool } from './pool-option.js';
import { hasEnded } from './up-data.js';

interface StopOptions extends OutputOptions {
  config: string;
  data: string;
  force?: boolean;
}

/** Somebody else may be starting or stopping the machine; its own time is the driver's. Chosen: longer than the driver waits for them. */
const MARGIN_MS = 150_000;

/**
 * Stops both machines of a pool; POOL_IN_USE while a proxy or a restart needs them, or nobody can tell, unless forced. After the end of
 * an `up` its data directory tells.
 */
export async function stop(options: StopOptions, poolName: string): Promise<void> {
  const env = withConnections(options.data);
  const config = loadConfig(options.config, withPlaceholders(env), { proxy: 'elsewhere', secrets: 'drivers' });
  const pool = choosePool(config, poolName);
  if (!options.force) {
    if (isGiven('VM_REJUV_DATABASE_URL', env)) await mustBeUnused(pool, config.database.url);
    else if (!(await hasEnded(options.data))) throw unknownUse(pool.name, options.data);
  }
  const driver = createDriver(pool);
  for (const { name, driver: own } of pool.machines) {
    await driver.stop(name, { signal: AbortSignal.timeout(own.stopTimeoutMs + MARGIN_MS) });
    print(options, `${pool.name}: ${name} is off`, { pool: pool.name, machine: name, power: 'off' });
  }
}

async function mustBeUnused(pool: PoolConfig, databaseUrl: string): Promise<void> {
  const database = openDatabase(databaseUrl);
  try {
    await migrate(databaseUrl);
    const { run } = await ensurePool(database, pool);
    const proxy = (await liveProxies(database, pool.name)).find((candidate) => !isProvedDead(candidate));
    if (run !== null) throw inUse(pool.name, `restart ${run} has it`);
    if (proxy !== undefined) throw inUse(pool.name, `proxy ${proxy.name} sends it traffic`);
  } finally {
    await database.end();
  }
}

function unknownUse(pool: string, data: string): OperatorError {
  return new OperatorError(
    'POOL_IN_USE',
    `Pool ${pool} may be in use: no database is named, and ${data} is no data directory of an "up".`,
    'Set VM_REJUV_DATABASE_URL or name the directory by --data; --force stops the machines without asking.',
    { status: 409 },
  );
}

function inUse(pool: string, user: string): OperatorError {
  return new OperatorError(
    'POOL_IN_USE',
    `Pool ${pool} is in use: ${user}.`,
    'End that first; --force stops the machines all the same, and loses what is in their memory.',
    { status: 409 },
  );
}
