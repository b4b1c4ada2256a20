// Preflight by hand: everything a clean restart would refuse to start without, and whether a supervised pool can be measured. Changes no power
// and no traffic.

import type { Client } from '@temporalio/client';
import { pairOf } from '../activities/deps.js';
import { createDriver } from '../activities/hypervisor/create-driver.js';
import { primaryNotRunning } from '../activities/errors.js';
import type { HypervisorDriver, MachineStatus } from '../activities/hypervisor/driver.js';
import { DistinctMachines } from '../activities/hypervisor/distinct-machines.js';
import { untilHealthy } from '../activities/health.js';
import { ProxyFleet } from '../activities/proxy-fleet.js';
import { createMechanism } from '../activities/sessions/create-mechanism.js';
import { streamingKeys } from '../activities/streaming.js';
import { needsAdminUrl } from '../config/admin-url.js';
import type { OperatorError } from '../config/operator-error.js';
import { describeError, inPool } from '../config/operator-error.js';
import type { Config, MachineConfig, PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import { openDatabase } from '../state/database.js';
import { loadSessionKeyHash } from '../state/installation.js';
import { migrate } from '../state/migrate.js';
import type { Phase } from '../state/pool.js';
import { ensurePool } from '../state/pool.js';
import { liveProxies } from '../state/proxy-register.js';
import { noSupervisor } from '../worker/supervisors.js';
import { supervisorStatus } from '../worker/supervisor-status.js';
import { connectTemporal, requireWorker } from '../worker/temporal-client.js';
import { checkSamplers } from './check-samplers.js';
import type { OutputOptions } from './output.js';
import { inWords, print } from './output.js';
import { choosePool } from './pool-option.js';
import { mebibytes } from './restart-outcome.js';

/** Chosen: a check is for a person who waits. */
const CHECK_TIMEOUT_MS = 60_000;
const NO_DATABASE = 'PostgreSQL does not tell';
const NO_DRIVER = 'its machines are not known';

/** What an item has found besides that it is so. */
export interface Finding {
  text: string;
  value: Record<string, unknown>;
}

/** Looks at one thing and prints a line of it. Resolves with what was found; undefined where that is nothing. Rejects never. */
export type CheckItem = <T>(
  what: string,
  work: (notChecked: (why: string) => void) => Promise<T>,
  found?: (value: T) => Finding,
) => Promise<T | undefined>;

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
): Promise<void> {
  const pools = poolName === undefined ? Object.values(config.pools) : [choosePool(config, poolName)];
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
  const machines = new DistinctMachines();
  let failed = 0;

  const item: CheckItem = async (what, work, found = () => ({ text: '', value: {} })) => {
    let skipped: string | undefined;
    try {
      const value = await work((why) => void (skipped = why));
      if (skipped === undefined) {
        const { text, value: more } = found(value);
        print(options, `ok    ${what}${text}`, { check: what, ok: true, ...more });
      } else print(options, `--    ${what}: not checked, ${skipped}`, { check: what, ok: null, notChecked: skipped });
      return value;
    } catch (thrown) {
      const error = inWords(thrown);
      failed++;
      const { code, message, remedy } = error;
      print(options, `FAIL  ${what}\n      ${describeError(error)}`, { check: what, ok: false, code, message, remedy });
      return undefined;
    }
  };

  const database = openDatabase(config.database.url);
  let client: Client | undefined;
  try {
    for (const [what, error] of [
      ['the URL of the database is given', missing.database],
      ['the admin token is given', missing.token],
    ] as const)
      if (error !== null) await item(what, () => Promise.reject(error));
    const hash = await item('PostgreSQL answers and its schema is current', async (notChecked) => {
      if (missing.database !== null) return notChecked('nobody tells where it is');
      await migrate(config.database.url);
      return loadSessionKeyHash(database);
    });
    const withoutToken = missing.token === null ? null : 'without the admin token they do not answer';
    const whyNoProxy = hash ? withoutToken : NO_DATABASE;
    client = await item(`Temporal answers at ${config.temporal.address}`, () => connectTemporal(config.temporal));
    await item(`a worker polls task queue ${config.temporal.taskQueue}`, async (notChecked) =>
      client === undefined ? notChecked('Temporal does not tell') : requireWorker(client, config.temporal),
    );
    if (needsAdminUrl(config.proxy)) {
      await item('a proxy can start by this file alone', (notChecked) =>
        Promise.resolve(notChecked('proxy.adminUrl is not in it: each needs --admin-url')),
      );
    }
    for (const pool of pools) {
      const ofPool: CheckItem = (what, work, found) =>
        item(
          what,
          async (notChecked) =>
            work(notChecked).catch((error: unknown) => {
              throw inPool(error, pool.name);
            }),
          found,
        );
      await ofPool(`${pool.name}: a proxy is registered and answers`, async (notChecked) => {
        if (whyNoProxy !== null) return notChecked(whyNoProxy);
        await proxiesAnswer(config, pool, database, signal);
      });
      if (pool.policy !== null) {
        await ofPool(`${pool.name}: its supervisor runs and answers`, (notChecked) =>
          client === undefined ? Promise.resolve(notChecked('Temporal does not tell')) : requireSupervisor(client, config, pool),
        );
      }
      const driver = createDriver(pool);
      const seen = await ofPool(
        `${pool.name}: machines are known to their hypervisor`,
        () => machinesOf(pool, driver, machines, signal),
        tellMachines,
      );
      const off = seen?.filter(({ power }) => power === 'off').map(({ name }) => name);
      await ofPool(`${pool.name}: machines could be started`, async (notChecked) => {
        if (seen === undefined) return notChecked(NO_DRIVER);
        for (const { name } of pool.machines) {
          await driver.verify(name, { signal });
        }
      });
      await ofPool(`${pool.name}: the active machine runs`, async (notChecked) => {
        if (off === undefined) return notChecked(NO_DRIVER);
        if (!hash) return notChecked(NO_DATABASE);
        const { run, phase, primary } = await rolesOf(pool, database);
        if (run !== null && phase !== 'steady') return notChecked(`restart ${run} is at work on it`);
        if (off.includes(primary.name)) throw primaryNotRunning(pool.name, primary.name);
      });
      const handOver = `${pool.name}: sessions can be handed over (${pool.sessions.mechanism})`;
      await ofPool(
        handOver,
        async (notChecked) => {
          if (!hash) return notChecked(NO_DATABASE);
          const { run, primary, standby } = await rolesOf(pool, database);
          // A preflight changes Tomcat's settings for a moment, which a restart under way needs as they are.
          if (run !== null) return notChecked(`restart ${run} has the pool`);
          // Its own line has said what to do.
          if (off?.includes(primary.name)) return notChecked(`active machine ${primary.name} is off`);
          const quick = { ...pool.health, bootTimeoutMs: pool.health.timeoutMs };
          await untilHealthy(primary, quick, { signal, driver });
          const mechanism = createMechanism(pool, hash);
          const call = { signal, guard: () => Promise.resolve() };
          try {
            // A clean restart boots it, also that of a hot pool; a check changes no power.
            if (off?.includes(standby.name)) {
              await mechanism.inspect(primary, call);
              const meanwhile =
                pool.standby === 'hot' ? `, and could not take over at once; start it now: vm-rejuv boot ${pool.name}` : '';
              return notChecked(`standby ${standby.name} is off until a clean restart boots it${meanwhile}`);
            }
            await untilHealthy(standby, quick, { signal, driver });
            const proxies = new ProxyFleet(database, pool.name, config.adminToken);
            // Without a proxy there is none that has a stream.
            const streaming = async (): Promise<Set<string>> =>
              (await liveProxies(database, pool.name)).length === 0 ? new Set() : streamingKeys(proxies);
            await mechanism.preflight({ primary, standby }, streaming, call);
          } finally {
            await mechanism.close();
          }
        },
        () => ({
          text: isProved(pool) ? '' : ', which nobody has proved: without sessions.canary no session is tried',
          value: {},
        }),
      );
      if (pool.policy === null) continue;
      const fleet = new ProxyFleet(database, pool.name, config.adminToken);
      const active = hash ? (await rolesOf(pool, database).catch(() => null))?.primary : undefined;
      await checkSamplers({ pool, active, off: off ?? [], driver, fleet, whyNoProxy }, ofPool, signal);
    }
  } finally {
    await client?.connection.close();
    await database.end();
  }
  if (failed > 0) process.exitCode = 1;
}

/** A store that both share is believed where no session is tried. */
function isProved({ sessions }: PoolConfig): boolean {
  return (sessions.mechanism !== 'shared-store' && sessions.mechanism !== 'liberty') || sessions.canary !== null;
}

async function proxiesAnswer(config: Config, pool: PoolConfig, database: Database, signal: AbortSignal): Promise<void> {
  await ensurePool(database, pool);
  await new ProxyFleet(database, pool.name, config.adminToken).allReport(0, signal);
}

/** It has to answer, too: a worker that has died counts as one that polls for a minute more. */
async function requireSupervisor(client: Client, { temporal }: Config, { name }: PoolConfig): Promise<void> {
  if ((await supervisorStatus(client, temporal, name)) === null) throw noSupervisor(name);
}

interface Roles {
  run: string | null;
  phase: Phase;
  primary: MachineConfig;
  standby: MachineConfig;
}

async function rolesOf(pool: PoolConfig, database: Database): Promise<Roles> {
  const row = await ensurePool(database, pool);
  return { run: row.run, phase: row.phase, ...pairOf(pool, row) };
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
