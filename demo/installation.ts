// One installation of vm-rejuv on this host: a configuration file, machines, proxies and a worker as processes of their own.

import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { publishConnections } from '../cli/connections.js';
import { createDriver } from '../activities/hypervisor/create-driver.js';
import { untilHealthy } from '../activities/health.js';
import { within } from '../config/within.js';
import { loadConfig } from '../config/load.js';
import type { Config, MachineConfig, PoolConfig } from '../config/types.js';
import type { ReadyChild } from '../embedded/child-process.js';
import { startReadyChild } from '../embedded/child-process.js';
import { Closing, settleAll } from '../embedded/closing.js';

/** A pool as vm-rejuv.yaml spells it, and the secrets that it names. */
export interface PoolFile {
  pool: Record<string, unknown>;
  secrets: Record<string, string>;
  /** Its section of the proxy, where that is not the default. */
  proxy?: Record<string, unknown>;
}

export interface InstallationOptions {
  directory: string;
  databaseUrl: string;
  temporalAddress: string;
  pool: PoolFile;
  /** Name and task queue tell installations apart that share one Temporal server. */
  name?: string;
  taskQueue?: string;
  /** Where the first proxy listens; 0 takes a free port. */
  port?: number;
  /** Aborts whatever is being started. */
  signal?: AbortSignal;
}

export interface ProcessOptions {
  /** Of the command line; the last of two wins. */
  options?: string[];
  /** Wins over the installation's. */
  env?: Record<string, string>;
  /** Runs this in place of the command line's main module. */
  main?: string;
}

export type RunningProxyProcess = ReadyChild & { url: string; adminUrl: string };

const DEFAULT_NAME = 'shop';
const CLOSE_TIMEOUT_MS = 60_000;
const CLI = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../cli/main.js' : '../dist/cli/main.js', import.meta.url),
);

export class Installation {
  private readonly children: ReadyChild[] = [];

  private constructor(
    readonly directory: string,
    readonly configFile: string,
    readonly config: Config,
    readonly env: Record<string, string>,
    private readonly port: number,
    private readonly signal: AbortSignal | undefined,
  ) {}

  static async create(options: InstallationOptions): Promise<Installation> {
    await mkdir(options.directory, { recursive: true });
    const configFile = join(options.directory, 'vm-rejuv.yaml');
    const file = {
      ...(options.pool.proxy === undefined ? {} : { proxy: options.pool.proxy }),
      temporal: { address: options.temporalAddress, taskQueue: options.taskQueue ?? 'vm-rejuv' },
      pools: { [options.name ?? DEFAULT_NAME]: options.pool.pool },
    };
    await writeFile(configFile, stringify(file));
    const env = {
      ...options.pool.secrets,
      VM_REJUV_CONFIG: configFile,
      VM_REJUV_DATABASE_URL: options.databaseUrl,
      VM_REJUV_ADMIN_TOKEN: randomBytes(24).toString('base64url'),
    };
    const config = loadConfig(configFile, { ...process.env, ...env });
    return new Installation(options.directory, configFile, config, env, options.port ?? 0, options.signal);
  }

  get pool(): PoolConfig {
    return Object.values(this.config.pools)[0] as PoolConfig;
  }

  /** Writes what commands need to know of it, as `vm-rejuv up` does. Resolves with the file, which is for this account only. */
  async publish(): Promise<string> {
    return (await publishConnections(this.directory, this.env)).file;
  }

  /** Starts machines by name, both when none is named, and waits until their application answers. */
  async bootMachines(...names: string[]): Promise<void> {
    const driver = createDriver(this.pool);
    const machines = this.pool.machines.filter(({ name }) => names.length === 0 || names.includes(name));
    await this.inTime(async (signal) => {
      const boot = async (machine: MachineConfig): Promise<void> => {
        await driver.start(machine.name, { signal });
        await untilHealthy(machine, this.pool.health, { signal, driver });
      };
      // Two that replicate and boot at once wait a minute for each other's sessions.
      if (this.pool.sessions.mechanism === 'tomcat-cluster') for (const machine of machines) await boot(machine);
      else await Promise.all(machines.map(boot));
    });
  }

  /** What an impatient operator does: restart the machine under traffic and wait until it answers again. */
  async restartPlainly(name: string): Promise<void> {
    const driver = createDriver(this.pool);
    await this.inTime(async (signal) => {
      const { incarnation } = await driver.status(name, { signal });
      await driver.restart(name, { signal, expect: incarnation ?? '' });
    });
    await this.bootMachines(name);
  }

  async startProxy(name = 'proxy-1', { options = [], env = {} }: ProcessOptions = {}): Promise<RunningProxyProcess> {
    const port = this.children.length === 0 ? this.port : 0;
    const address = ['--listen', `127.0.0.1:${port}`, '--admin', '127.0.0.1:0'];
    const child = await this.start(name, [CLI, 'proxy', '--name', name, ...address, ...options, '--json'], env);
    return { ...child, url: String(child.ready['url']), adminUrl: String(child.ready['adminUrl']) };
  }

  startWorker(name = 'worker', { options = [], env = {}, main = CLI }: ProcessOptions = {}): Promise<ReadyChild> {
    return this.start(name, [main, 'worker', ...options, '--json'], env);
  }

  /** Ends proxies, workers and machines, all of them whatever fails; at once when aborted, as nobody will use their database again. */
  async close(): Promise<void> {
    if (this.signal?.aborted) for (const child of this.children) child.signal('SIGKILL');
    const closing = new Closing();
    closing.add(() => {
      const driver = createDriver(this.pool);
      const signal = AbortSignal.timeout(CLOSE_TIMEOUT_MS);
      return settleAll(this.pool.machines.map(({ name }) => driver.stop(name, { signal })));
    });
    closing.add(() => settleAll(this.children.map((child) => child.stop())));
    await closing.close();
  }

  private inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    // Whoever waits for a machine itself says better what has not come; a start comes before that.
    return within(2 * this.pool.health.bootTimeoutMs, this.signal, work);
  }

  private async start(name: string, args: string[], env: Record<string, string>): Promise<ReadyChild> {
    const child = await startReadyChild({
      name,
      command: [process.execPath, ...args],
      env: { ...this.env, ...env },
      logFile: join(this.directory, `${name}.log`),
      ...(this.signal === undefined ? {} : { signal: this.signal }),
    });
    this.children.push(child);
    return child;
  }
}
