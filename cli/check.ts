// Preflight by hand: everything a clean restart would refuse to start without, and whether a supervised pool can be measured. Changes no power
// and no traffic.

import type { Client } from '@temporalio/client';
import { mustBeAlike } from '../activities/alike.js';
import { createDriver } from '../activities/hypervisor/create-driver.js';
import { primaryNotRunning } from '../activities/errors.js';
import type { HypervisorDriver, MachineStatus } from '../activities/hypervisor/driver.js';
import { DistinctMachines } from '../activities/hypervisor/distinct-machines.js';
import { ProxyFleet } from '../activities/proxy-fleet.js';
import { needsAdminUrl } from '../config/admin-url.js';
import type { OperatorError } from '../config/operator-error.js';
import { inPool } from '../config/operator-error.js';
import type { Config, PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import { openDatabase } from '../state/database.js';
import { loadSessionKeyHash } from '../state/installation.js';
import { migrate } from '../state/migrate.js';
import { ensurePool } from '../state/pool.js';
import { noSupervisor } from '../worker/supervisors.js';
import { supervisorStatus } from '../worker/supervisor-status.js';
import { connectTemporal, requireWorker } from '../worker/temporal-client.js';
import { checkHandOver, NO_DATABASE } from './check-hand-over.js';
import type { CheckItem, CheckLimits, Finding } from './check-lines.js';
import { CHECK_LIMITS, CheckLines } from './check-lines.js';
import { checkSamplers } from './check-samplers.js';
import type { OutputOptions } from './output.js';
import { choosePool } from './pool-option.js';
import { rolesOf } from './pool-roles.js';
import { mebibytes } from './restart-outcome.js';

const NO_DRIVER = 'its machines are not known';

/** Why the database, or the admin API, cannot be asked; null where it can. */
export interface Missing {
  database: OperatorError | null;
  token: OperatorError | null;
}

/** Whatever is missing, the rest is asked all the same. */
export async function check(
  config: Config,
  missing: Missing,
  poolName: string | undefined,
  options: OutputOptions,
  limits: CheckLimits = CHECK_LIMITS,
): Promise<void> {
  const pools = poolName === undefined ? Object.values(config.pools) : [choosePool(config, poolName)];
  const machines = new DistinctMachines();
  const lines = new CheckLines(options, limits);
  const { item } = lines;
  const database = openDatabase(config.database.url);
  let client: Client | undefined;
  try {
    for (const [what, error] of [
      ['the URL of the database is given', missing.database],
      ['the admin token is given', missing.token],
    ] as const)
      if (error !== null) await item(what, () => Promise.reject(error));
    const hash = await item('PostgreSQL answers and its schema is current', async ({ notChecked }) => {
      if (missing.database !== null) return notChecked('nobody tells where it is');
      await migrate(config.database.url);
      return loadSessionKeyHash(database);
    });
    const withoutToken = missing.token === null ? null : 'without the admin token they do not answer';
    const whyNoProxy = hash ? withoutToken : NO_DATABASE;
    client = await item(`Temporal answers at ${config.temporal.address}`, () => connectTemporal(config.temporal));
    await item(`a worker polls task queue ${config.temporal.taskQueue}`, async ({ notChecked }) =>
      client === undefined ? notChecked('Temporal does not tell') : requireWorker(client, config.temporal),
    );
    if (needsAdminUrl(config.proxy)) {
      await item('a proxy can start by this file alone', ({ notChecked }) =>
        Promise.resolve(notChecked('proxy.adminUrl is not in it: each needs --admin-url')),
      );
    }
    for (const pool of pools) {
      const ofPool: CheckItem = (what, work, found, limitMs) =>
        item(
          what,
          async (look) =>
            work(look).catch((error: unknown) => {
              throw inPool(error, pool.name);
            }),
          found,
          limitMs,
        );
      await ofPool(`${pool.name}: a proxy is registered and answers`, async ({ notChecked, signal }) => {
        if (whyNoProxy !== null) return notChecked(whyNoProxy);
        await proxiesAnswer(config, pool, database, signal);
      });
      if (pool.policy !== null) {
        await ofPool(`${pool.name}: its supervisor runs and answers`, ({ notChecked }) =>
          client === undefined ? Promise.resolve(notChecked('Temporal does not tell')) : requireSupervisor(client, config, pool),
        );
      }
      const driver = createDriver(pool);
      const seen = await ofPool(
        `${pool.name}: machines are known to their hypervisor`,
        ({ signal }) => machinesOf(pool, driver, machines, signal),
        tellMachines,
      );
      const off = seen?.filter(({ power }) => power === 'off').map(({ name }) => name);
      await ofPool(`${pool.name}: machines could be started`, async ({ notChecked, signal }) => {
        if (seen === undefined) return notChecked(NO_DRIVER);
        for (const { name } of pool.machines) {
          await driver.verify(name, { signal });
        }
      });
      await ofPool(`${pool.name}: the active machine runs`, async ({ notChecked }) => {
        if (off === undefined) return notChecked(NO_DRIVER);
        if (!hash) return notChecked(NO_DATABASE);
        const { run, phase, primary } = await rolesOf(pool, database);
        if (run !== null && phase !== 'steady') return notChecked(`restart ${run} is at work on it`);
        if (off.includes(primary.name)) throw primaryNotRunning(pool.name, primary.name);
      });
      await checkHandOver({ config, pool, database, hash: hash ? hash : undefined, driver, off }, ofPool, limits.handOverMs);
      if (pool.policy === null) continue;
      const fleet = new ProxyFleet(database, pool.name, config.adminToken);
      const active = hash ? (await rolesOf(pool, database).catch(() => null))?.primary : undefined;
      await checkSamplers({ pool, active, off: off ?? [], driver, fleet, whyNoProxy }, ofPool);
    }
  } finally {
    await client?.connection.close();
    await database.end();
  }
  if (lines.failed > 0) process.exitCode = 1;
}

async function proxiesAnswer(config: Config, pool: PoolConfig, database: Database, signal: AbortSignal): Promise<void> {
  await ensurePool(database, pool);
  mustBeAlike(pool, await new ProxyFleet(database, pool.name, config.adminToken).allReport(0, signal));
}

/** It has to answer, too: a worker that has died counts as one that polls for a minute more. */
async function requireSupervisor(client: Client, { temporal }: Config, { name }: PoolConfig): Promise<void> {
  if ((await supervisorStatus(client, temporal, name)) === null) throw noSupervisor(name);
}

interface SeenMachine {
  name: string;
  power: MachineStatus['power'];
  memoryBytes: number | null;
}

/** What is known under two names is refused. */
async function machinesOf(
  pool: PoolConfig,
  driver: HypervisorDriver,
  machines: DistinctMachines,
  signal: AbortSignal,
): Promise<SeenMachine[]> {
  const seen: SeenMachine[] = [];
  for (const { name } of pool.machines) {
    const { power } = await driver.status(name, { signal });
    await machines.add(driver, pool.name, name, { signal });
    seen.push({
      name,
      power,
      memoryBytes: power === 'off' ? null : await driver.memoryBytes(name, { signal }).catch(() => null),
    });
  }
  return seen;
}

function tellMachines(machines: SeenMachine[]): Finding {
  const text = machines.map(({ name, power, memoryBytes }) =>
    memoryBytes === null ? `${name} ${power}` : `${name} ${power} in ${mebibytes(memoryBytes)}`,
  );
  return { text: `: ${text.join(', ')}`, value: { machines } };
}
