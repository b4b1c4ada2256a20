// The whole system, with every way between its parts under control: servers, two machines, proxies, a worker, verifying users.

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { createDriver } from '../activities/hypervisor/create-driver.js';
import type { HypervisorDriver } from '../activities/hypervisor/driver.js';
import type { PoolFile } from '../demo/installation.js';
import { Installation } from '../demo/installation.js';
import type { RunningLoad } from '../demo/load/start-load.js';
import { startLoad } from '../demo/load/start-load.js';
import { nodeShop } from '../demo/node-shop.js';
import { tomcatShop } from '../demo/tomcat-shop.js';
import type { ReadyChild } from '../embedded/child-process.js';
import { Closing } from '../embedded/closing.js';
import { makeTemporaryDirectory } from '../embedded/servers.js';
import { findTemporalCli } from '../embedded/temporal-cli.js';
import type { Database } from '../state/database.js';
import { openDatabase } from '../state/database.js';
import { connectTemporal } from '../worker/temporal-client.js';
import type { HypervisorFault } from './faulty-worker.js';
import { ManagerRelay } from './manager-relay.js';
import { addressOf, Relay, through } from './relay.js';
import { StagedPostgres } from './staged-postgres.js';
import { StagedProxy } from './staged-proxy.js';
import { StagedTemporal } from './staged-temporal.js';

export interface StageOptions {
  app: 'tomcat' | 'node';
  proxies: 1 | 2;
  users: number;
  rate: number;
  seed: number;
  maxSeconds: number;
  onProgress: (line: string) => void;
  signal: AbortSignal;
}

const FAULTY_WORKER = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? './faulty-worker.js' : '../dist/chaos/faulty-worker.js', import.meta.url),
);
const BOOT_TIMEOUT_MS = 30_000;
const REQUEST_TIMEOUT_MS = 20_000;

/** What a stage is made of before there are machines, proxies and workers. */
interface Parts {
  directory: string;
  installation: Installation;
  driver: HypervisorDriver;
  postgres: StagedPostgres;
  temporal: StagedTemporal;
  workerToDatabase: Relay;
  workerToTemporal: Relay;
  /** The observer's own, past every relay. */
  database: Database;
  client: Client;
}

export class Stage {
  worker!: ReadyChild;
  readonly proxies: StagedProxy[] = [];
  /** The worker's ways to the managers of the machines. */
  readonly managers: ManagerRelay[] = [];
  readonly installation: Installation;
  readonly driver: HypervisorDriver;
  readonly postgres: StagedPostgres;
  readonly temporal: StagedTemporal;
  readonly workerToDatabase: Relay;
  readonly workerToTemporal: Relay;
  readonly database: Database;
  readonly client: Client;
  private hasFaultyHypervisor = false;
  load!: RunningLoad;
  private workers = 0;
  private readonly directory: string;

  private constructor(
    readonly options: StageOptions,
    parts: Parts,
  ) {
    this.directory = parts.directory;
    this.installation = parts.installation;
    this.driver = parts.driver;
    this.postgres = parts.postgres;
    this.temporal = parts.temporal;
    this.workerToDatabase = parts.workerToDatabase;
    this.workerToTemporal = parts.workerToTemporal;
    this.database = parts.database;
    this.client = parts.client;
  }

  static build(options: StageOptions): Promise<{ stage: Stage; close: () => Promise<void> }> {
    return Closing.onFailure(async (closing) => {
      const { onProgress, signal } = options;
      const cli = await findTemporalCli({ onProgress, signal });
      const directory = await makeTemporaryDirectory('chaos');
      closing.add(() => rm(directory, { recursive: true, force: true }));
      const postgres = await StagedPostgres.start(join(directory, 'postgres'), closing);
      signal.throwIfAborted();
      const temporal = await StagedTemporal.start({ cli, directory: join(directory, 'temporal') }, closing);
      signal.throwIfAborted();
      const shopDirectory = join(directory, 'shop');
      const pool =
        options.app === 'tomcat'
          ? await tomcatShop(shopDirectory, { onProgress, signal })
          : await nodeShop(shopDirectory, postgres.url);
      const installation = await Installation.create({
        ...{ directory: shopDirectory, databaseUrl: postgres.url, temporalAddress: temporal.address, signal },
        pool: impatient(pool),
      });
      const workerToDatabase = await Relay.start(addressOf(postgres.url));
      const workerToTemporal = await Relay.start(temporal.address);
      for (const relay of [workerToDatabase, workerToTemporal]) closing.add(() => relay.close());
      const database = openDatabase(postgres.url);
      closing.add(() => database.end());
      const client = await connectTemporal(installation.config.temporal);
      closing.add(() => client.connection.close());
      closing.add(() => installation.close());
      const ways = { workerToDatabase, workerToTemporal, database, client };
      const driver = createDriver(installation.pool);
      const stage = new Stage(options, { directory, installation, driver, postgres, temporal, ...ways });
      await installation.bootMachines();
      await stage.layWaysToManagers();
      for (const manager of stage.managers) closing.add(() => manager.close());
      await stage.turnHypervisor('none');
      const around = { installation, databaseUrl: postgres.url, directory };
      for (let number = 1; number <= options.proxies; number++)
        stage.proxies.push(await StagedProxy.start(`proxy-${number}`, around, closing));
      await stage.startWorker();
      const { users, rate, seed, maxSeconds } = options;
      const origins = stage.proxies.map(({ process }) => process.url);
      stage.load = startLoad({ origins, users, rate, seed, maxSeconds, slowMs: 300, slowShare: 0.01 });
      closing.add(() => stage.load.stop());
      return { stage, close: () => closing.close() };
    });
  }

  get pool(): string {
    return this.installation.pool.name;
  }

  /** Replaces the worker by one with the other kind of hypervisor driver, where it has not this kind already. */
  async useFaultyHypervisor(wanted: boolean): Promise<void> {
    if (this.hasFaultyHypervisor === wanted) return;
    this.hasFaultyHypervisor = wanted;
    await this.worker.stop();
    await this.startWorker();
  }

  /** Only a worker with a faulty hypervisor looks at it. */
  turnHypervisor(fault: HypervisorFault): Promise<void> {
    return writeFile(this.hypervisorFile, fault);
  }

  /** What the hypervisor does now: a worker ends the fault that is there once. */
  async hypervisorFault(): Promise<HypervisorFault> {
    return (await readFile(this.hypervisorFile, 'utf8')) as HypervisorFault;
  }

  /** One more worker: it takes over whatever the last one has left. */
  async startWorker(): Promise<void> {
    this.worker = await this.installation.startWorker(`worker-${++this.workers}`, {
      ...(this.hasFaultyHypervisor ? { main: FAULTY_WORKER } : {}),
      env: {
        VM_REJUV_CONFIG: this.workerConfig,
        VM_REJUV_CHAOS_FILE: this.hypervisorFile,
        VM_REJUV_DATABASE_URL: through(this.workerToDatabase, this.postgres.url),
        VM_REJUV_TEMPORAL_ADDRESS: this.workerToTemporal.address,
      },
    });
  }

  private get workerConfig(): string {
    return join(this.directory, 'shop', 'vm-rejuv-worker.yaml');
  }

  private get hypervisorFile(): string {
    return join(this.directory, 'hypervisor');
  }

  /** The worker's configuration names the machines by ways of its own; the proxies' does not. */
  private async layWaysToManagers(): Promise<void> {
    const { configFile, pool } = this.installation;
    const path = pool.sessions.mechanism === 'tomcat-swap' ? pool.sessions.manager.path : '/no-manager';
    let text = await readFile(configFile, 'utf8');
    for (const { url } of pool.machines) {
      const relay = await ManagerRelay.start(url, path);
      this.managers.push(relay);
      text = text.replace(url, relay.url);
    }
    await writeFile(this.workerConfig, text);
  }
}

/** Machines boot in seconds here, and no request takes longer than one: what does not come is told soon. */
function impatient({ pool, secrets }: PoolFile): PoolFile {
  const health = { ...(pool['health'] as object), bootTimeoutMs: BOOT_TIMEOUT_MS };
  const limits = { ...(pool['limits'] as object | undefined), requestTimeoutMs: REQUEST_TIMEOUT_MS };
  return { pool: { ...pool, health, limits }, secrets };
}
