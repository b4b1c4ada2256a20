// The whole system, with every way between its parts under control: servers, two machines, proxies, a worker, verifying users.

import { execFile } from 'node:child_process';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Client } from '@temporalio/client';
import { createDriver } from '../activities/hypervisor/create-driver.js';
import type { HypervisorDriver } from '../activities/hypervisor/driver.js';
import type { PoolFile, ProcessOptions, RunningProxyProcess } from '../demo/installation.js';
import { Installation } from '../demo/installation.js';
import type { RunningLoad } from '../demo/load/start-load.js';
import { startLoad } from '../demo/load/start-load.js';
import { nodeShop } from '../demo/node-shop.js';
import { tomcatShop } from '../demo/tomcat-shop.js';
import type { ReadyChild } from '../embedded/child-process.js';
import { Closing } from '../embedded/closing.js';
import { isPortFree } from '../embedded/ports.js';
import type { RunningPostgres } from '../embedded/postgres.js';
import { startEmbeddedPostgres } from '../embedded/postgres.js';
import { makeTemporaryDirectory } from '../embedded/servers.js';
import type { RunningTemporal } from '../embedded/temporal.js';
import { startEmbeddedTemporal } from '../embedded/temporal.js';
import { findTemporalCli } from '../embedded/temporal-cli.js';
import type { Database } from '../state/database.js';
import { openDatabase } from '../state/database.js';
import { startTimeOf } from '../state/process-identity.js';
import { connectTemporal } from '../worker/temporal-client.js';
import { fakeClock, turnClock } from './fake-clock.js';
import type { HypervisorFault } from './faulty-worker.js';
import { ManagerRelay } from './manager-relay.js';
import { Relay } from './relay.js';

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

export interface StagedProxy {
  name: string;
  /** host:port, for clients. */
  listen: string;
  /** host:port of its admin API, past the relay. */
  admin: string;
  process: RunningProxyProcess;
  toDatabase: Relay;
  /** How workers reach it. */
  fromWorker: Relay;
  hasFakeClock: boolean;
}

const FAULTY_WORKER = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? './faulty-worker.js' : '../dist/chaos/faulty-worker.js', import.meta.url),
);
/** More than PostgreSQL writes in hours of this load. */
const DISK_MIB = 1500;
const REVIVAL_MS = 60_000;
const BOOT_TIMEOUT_MS = 30_000;
const REQUEST_TIMEOUT_MS = 20_000;
/** Below ip_local_port_range, whose default begins at 32768; processes beside each other begin apart. */
const FIRST_PORT = 20_000;
let lastPort = FIRST_PORT + (process.pid % 100) * 20;

export class Stage {
  worker!: ReadyChild;
  readonly proxies: StagedProxy[] = [];
  /** The worker's ways to the managers of the machines. */
  readonly managers: ManagerRelay[] = [];
  private hasFaultyHypervisor = false;
  load!: RunningLoad;
  private workers = 0;

  private constructor(
    readonly options: StageOptions,
    private readonly directory: string,
    private readonly cli: string,
    readonly installation: Installation,
    readonly driver: HypervisorDriver,
    private postgres: RunningPostgres,
    private temporal: RunningTemporal,
    readonly workerToDatabase: Relay,
    readonly workerToTemporal: Relay,
    /** The observer's own, past every relay. */
    readonly database: Database,
    readonly client: Client,
  ) {}

  static build(options: StageOptions): Promise<{ stage: Stage; close: () => Promise<void> }> {
    return Closing.onFailure(async (closing) => {
      const { onProgress, signal } = options;
      // A fault may have put others in place of the first servers by then.
      const built: { stage?: Stage } = {};
      const cli = await findTemporalCli({ onProgress, signal });
      const directory = await makeTemporaryDirectory('chaos');
      closing.add(() => rm(directory, { recursive: true, force: true }));
      const postgresDirectory = join(directory, 'postgres');
      if (process.getuid?.() === 0) closing.add(await mountDisk(postgresDirectory));
      signal.throwIfAborted();
      const postgres = await startEmbeddedPostgres({ directory: postgresDirectory });
      closing.add(() => (built.stage?.postgres ?? postgres).stop());
      signal.throwIfAborted();
      const temporal = await startEmbeddedTemporal({ cli, directory: join(directory, 'temporal') });
      closing.add(() => (built.stage?.temporal ?? temporal).stop());
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
      const [toDatabase, toTemporal] = [await Relay.start(addressOf(postgres.url)), await Relay.start(temporal.address)];
      const database = openDatabase(postgres.url);
      const client = await connectTemporal(installation.config.temporal);
      const driver = createDriver(installation.pool);
      const stage = new Stage(
        ...([
          options,
          directory,
          cli,
          installation,
          driver,
          postgres,
          temporal,
          toDatabase,
          toTemporal,
          database,
          client,
        ] as const),
      );
      built.stage = stage;
      for (const relay of [toDatabase, toTemporal]) closing.add(() => relay.close());
      closing.add(() => database.end());
      closing.add(() => client.connection.close());
      closing.add(() => installation.close());
      await installation.bootMachines();
      await stage.layWaysToManagers();
      for (const manager of stage.managers) closing.add(() => manager.close());
      await stage.turnHypervisor('none');
      for (let number = 1; number <= options.proxies; number++) {
        const proxy = await stage.startProxy(`proxy-${number}`);
        stage.proxies.push(proxy);
        for (const relay of [proxy.toDatabase, proxy.fromWorker]) closing.add(() => relay.close());
      }
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

  /** The same proxy again, at the same addresses: what its supervisor would do. */
  async restartProxy(proxy: StagedProxy): Promise<void> {
    proxy.process = await this.installation.startProxy(proxy.name, this.proxyOptions(proxy));
  }

  /** Replaces a proxy by one whose clock can be turned, where it is not one already. */
  async useFakeClock(proxy: StagedProxy): Promise<void> {
    if (proxy.hasFakeClock) return;
    await this.turnClock(proxy, 0);
    proxy.hasFakeClock = true;
    await proxy.process.stop();
    await this.restartProxy(proxy);
  }

  /** Seconds ahead. */
  turnClock(proxy: StagedProxy, offsetS: number): Promise<void> {
    return turnClock(this.clockFile(proxy), offsetS);
  }

  async killPostgres(): Promise<void> {
    process.kill(this.postgres.pid, 'SIGKILL');
    await this.postgres.stop();
  }

  async startPostgres(): Promise<void> {
    const { port } = this.postgres;
    this.postgres = await startEmbeddedPostgres({ directory: join(this.directory, 'postgres'), ports: [port] });
    if (this.postgres.port !== port) throw new Error('PostgreSQL did not get its port back.');
  }

  /** Waits until it serves; one that a full disk has ended is started again. */
  async revivePostgres(): Promise<void> {
    for (const deadline = Date.now() + REVIVAL_MS; Date.now() < deadline; await sleep(100)) {
      if (startTimeOf(this.postgres.pid) === null) return this.startPostgres();
      const serves = await this.database.query('create temporary table if not exists chaos (one int)').then(
        () => true,
        () => false,
      );
      if (serves) return;
    }
    throw new Error('PostgreSQL does not recover.');
  }

  async fillDatabaseDisk(): Promise<void> {
    const file = await open(this.filler, 'w');
    try {
      for (const block = Buffer.alloc(2 ** 20); ;) await file.write(block);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    } finally {
      await file.close();
    }
  }

  async freeDatabaseDisk(): Promise<void> {
    await rm(this.filler, { force: true });
  }

  async killTemporal(): Promise<void> {
    process.kill(this.temporal.pid, 'SIGKILL');
    await this.temporal.stop();
  }

  async startTemporal(): Promise<void> {
    const { port, uiPort } = this.temporal;
    this.temporal = await startEmbeddedTemporal({
      ...{ cli: this.cli, directory: join(this.directory, 'temporal'), ports: [port], uiPorts: [uiPort] },
    });
    if (this.temporal.port !== port) throw new Error("Temporal's server did not get its port back.");
  }

  private clockFile({ name }: Pick<StagedProxy, 'name'>): string {
    return join(this.directory, `clock-of-${name}`);
  }

  private get filler(): string {
    return join(this.directory, 'postgres', 'filler');
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

  private async startProxy(name: string): Promise<StagedProxy> {
    const [listen, admin] = [await this.lastingAddress(), await this.lastingAddress()];
    const fromWorker = await Relay.start(admin);
    const toDatabase = await Relay.start(addressOf(this.postgres.url));
    const ways = { name, listen, admin, toDatabase, fromWorker, hasFakeClock: false };
    return { ...ways, process: await this.installation.startProxy(name, this.proxyOptions(ways)) };
  }

  /**
   * One that nobody gets while its owner is down: not of those from which the system takes the near end of a connection. A relay that
   * connects to such a port in vain can even meet itself there.
   */
  private async lastingAddress(): Promise<string> {
    let port: number;
    do port = ++lastPort;
    while (!(await isPortFree(port)));
    return `127.0.0.1:${port}`;
  }

  private proxyOptions(proxy: Omit<StagedProxy, 'process'>): ProcessOptions {
    const { listen, admin, toDatabase, fromWorker, hasFakeClock } = proxy;
    return {
      options: ['--listen', listen, '--admin', admin, '--admin-url', `http://${fromWorker.address}`],
      env: {
        ...(hasFakeClock ? fakeClock(this.clockFile(proxy)) : {}),
        VM_REJUV_DATABASE_URL: through(toDatabase, this.postgres.url),
      },
    };
  }
}

/** A disk that can be filled without harm to others. Resolves with what takes it away. */
async function mountDisk(directory: string): Promise<() => Promise<unknown>> {
  await mkdir(directory, { mode: 0o711 });
  const run = promisify(execFile);
  await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m,mode=0711`, 'vm-rejuv-chaos', directory]);
  return () => run('umount', ['--lazy', directory]);
}

/** Machines boot in seconds here, and no request takes longer than one: what does not come is told soon. */
function impatient({ pool, secrets }: PoolFile): PoolFile {
  const health = { ...(pool['health'] as object), bootTimeoutMs: BOOT_TIMEOUT_MS };
  const limits = { ...(pool['limits'] as object | undefined), requestTimeoutMs: REQUEST_TIMEOUT_MS };
  return { pool: { ...pool, health, limits }, secrets };
}

function addressOf(url: string): string {
  return new URL(url).host;
}

function through({ address }: Relay, url: string): string {
  return url.replace(addressOf(url), address);
}
