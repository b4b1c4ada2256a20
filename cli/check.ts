// Preflight by hand: everything a clean restart would refuse to start without. Changes no power and no traffic.

import { createDriver } from '../activities/hypervisor/create-driver.js';
import { restartRunning } from '../activities/errors.js';
import { untilHealthy } from '../activities/health.js';
import { ProxyFleet } from '../activities/proxy-fleet.js';
import { createMechanism } from '../activities/sessions/create-mechanism.js';
import { describeError, OperatorError } from '../config/operator-error.js';
import type { Config, PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import { openDatabase } from '../state/database.js';
import { loadSessionKeyHash } from '../state/installation.js';
import { migrate } from '../state/migrate.js';
import { ensurePool, readPool } from '../state/pool.js';
import { connectTemporal } from '../worker/temporal-client.js';
import type { OutputOptions } from './output.js';
import { asOperatorError, print } from './output.js';
import { choosePool } from './pool-option.js';

/** Chosen: a check is for a person who waits. */
const CHECK_TIMEOUT_MS = 60_000;

export async function check(config: Config, poolName: string | undefined, options: OutputOptions): Promise<void> {
  const pools = poolName === undefined ? Object.values(config.pools) : [choosePool(config, poolName)];
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
  let failed = 0;

  const item = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      const value = await work();
      print(options, `ok    ${what}`, { check: what, ok: true });
      return value;
    } catch (thrown) {
      const error = asOperatorError(thrown);
      failed++;
      const code = error instanceof OperatorError ? error.code : 'INTERNAL';
      print(options, `FAIL  ${what}\n      ${describeError(error)}`, {
        check: what,
        ok: false,
        code,
        message: describeError(error),
      });
      return undefined;
    }
  };

  const database = openDatabase(config.database.url);
  try {
    const hash = await item('PostgreSQL answers and its schema is current', async () => {
      await migrate(config.database.url);
      return loadSessionKeyHash(database);
    });
    await item(`Temporal answers at ${config.temporal.address}`, async () => {
      const client = await connectTemporal(config.temporal);
      await client.connection.close();
    });
    for (const pool of hash ? pools : []) {
      await item(`${pool.name}: a proxy is registered and answers`, () => proxiesAnswer(config, pool, database, signal));
      await item(`${pool.name}: machines are known to their hypervisor`, () => machinesKnown(pool, signal));
      await item(`${pool.name}: sessions can be handed over (${pool.sessions.mechanism})`, async () => {
        const [first, second] = pool.machines;
        await ensurePool(database, pool.name, first.name, second.name);
        const { active, run } = await readPool(database, pool.name);
        // A preflight changes Tomcat's settings for a moment, which a restart under way needs as they are.
        if (run !== null) throw restartRunning(pool.name, run);
        const [primary, standby] = active === first.name ? [first, second] : [second, first];
        const quick = { ...pool.health, bootTimeoutMs: pool.health.timeoutMs };
        for (const machine of [primary, standby]) await untilHealthy(machine, quick, signal);
        const mechanism = createMechanism(pool, hash as NonNullable<typeof hash>);
        await mechanism
          .preflight({ primary, standby }, { signal, guard: () => Promise.resolve() })
          .finally(() => mechanism.close());
      });
    }
  } finally {
    await database.end();
  }
  if (failed > 0) process.exitCode = 1;
}

async function proxiesAnswer(config: Config, pool: PoolConfig, database: Database, signal: AbortSignal): Promise<void> {
  const [first, second] = pool.machines;
  await ensurePool(database, pool.name, first.name, second.name);
  await new ProxyFleet(database, pool.name, config.adminToken).allReport(0, signal);
}

async function machinesKnown(pool: PoolConfig, signal: AbortSignal): Promise<void> {
  const driver = createDriver(pool);
  for (const { name } of pool.machines) await driver.status(name, { signal });
}
