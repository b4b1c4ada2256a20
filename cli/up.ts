// Everything in one place: proxy and worker in this process, PostgreSQL and Temporal beside it unless their addresses are given.

import { join, resolve } from 'node:path';
import { pairOf } from '../activities/deps.js';
import { probe } from '../activities/health.js';
import { isGiven, withPlaceholders } from '../config/environment.js';
import { loadConfig } from '../config/load.js';
import { describeError } from '../config/operator-error.js';
import type { Config, PoolConfig } from '../config/types.js';
import { Closing } from '../embedded/closing.js';
import { startEmbeddedPostgres } from '../embedded/postgres.js';
import { startEmbeddedTemporal } from '../embedded/temporal.js';
import { findTemporalCli } from '../embedded/temporal-cli.js';
import { mustBeFree, startProxy } from '../proxy/start-proxy.js';
import { openDatabase } from '../state/database.js';
import { readPool } from '../state/pool.js';
import { startWorker } from '../worker/start-worker.js';
import { connectTemporal } from '../worker/temporal-client.js';
import { publishConnections } from './connections.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { choosePool } from './pool-option.js';
import { onToldToEnd } from './until-told.js';
import { UpData } from './up-data.js';

interface UpOptions extends OutputOptions {
  config: string;
  pool?: string;
  data: string;
}

interface Servers {
  config: Config;
  uiUrl: string | null;
  /** Null when all addresses and secrets are given: others have them from where this command has them. */
  data: UpData | null;
}

const onProgress = (line: string): void => console.error(line);

export async function up(options: UpOptions): Promise<void> {
  const end = new AbortController();
  onToldToEnd(() => end.abort(), 'running steps and requests, 15 s at most; machines run on');
  const closing = new Closing();
  try {
    await serve(options, closing, end.signal);
  } catch (error) {
    if (!end.signal.aborted) throw error;
  } finally {
    await closing.close().catch((error: unknown) => console.error(`While ending: ${describeError(error)}`));
  }
}

async function serve(options: UpOptions, closing: Closing, signal: AbortSignal): Promise<void> {
  const { config, uiUrl, data } = await startServers(options, closing, signal);
  const pool = choosePool(config, options.pool);
  signal.throwIfAborted();
  // The worker ends before the proxy that its steps need.
  const proxy = await startProxy(config, pool);
  closing.add(() => proxy.close());
  signal.throwIfAborted();
  const worker = await startWorker(config);
  closing.add(() => worker.close());
  const envFile = data === null ? null : await publish(data.directory, options.config, config, closing);
  signal.throwIfAborted();
  const { url, adminUrl } = proxy;
  const ui = uiUrl === null ? '' : `, Temporal UI ${uiUrl}`;
  const others = envFile === null ? '' : `\nFor a shell: set -a; . ${envFile}; set +a`;
  print(options, `Ready: ${url} (pool ${pool.name}), admin ${adminUrl}${ui}${others}`, {
    ...{ ready: true, url, adminUrl, temporalUiUrl: uiUrl, envFile },
  });
  void warnOfSilence(pool, config.database.url).catch(() => undefined);
  const told = new Promise<void>((resolve_) => signal.addEventListener('abort', () => resolve_()));
  if (signal.aborted) return;
  const struck = await Promise.race([told, worker.done, proxy.struck]);
  if (struck !== undefined) throw struck;
}

/** Up without its application is what a first start looks like; whoever starts machines by other means need not be told. */
async function warnOfSilence(pool: PoolConfig, databaseUrl: string): Promise<void> {
  const database = openDatabase(databaseUrl);
  try {
    const row = await readPool(database, pool.name);
    if (row.phase !== 'steady') return;
    const { primary } = pairOf(pool, row);
    const seen = await probe(primary, pool.health);
    if (seen !== null) console.error(`Active machine ${primary.name}: ${seen}. To start it: vm-rejuv boot ${pool.name}`);
  } finally {
    await database.end();
  }
}

/** Checks the configuration whole, then starts what it gives no address of. */
async function startServers(options: UpOptions, closing: Closing, signal: AbortSignal): Promise<Servers> {
  const { env } = process;
  const given = { database: isGiven('VM_REJUV_DATABASE_URL', env), adminToken: isGiven('VM_REJUV_ADMIN_TOKEN', env) };
  const checked = loadConfig(options.config, withPlaceholders(env));
  choosePool(checked, options.pool);
  const directory = resolve(options.data);
  const isComplete = given.database && given.adminToken && checked.temporal.addressIsGiven;
  // What would keep it from its end is told before anything is made.
  if (!isComplete) await UpData.mustBeUnused(directory);
  await mustBeFree(checked.proxy);
  if (checked.temporal.addressIsGiven) await (await connectTemporal(checked.temporal)).connection.close();
  if (isComplete) return { config: checked, uiUrl: null, data: null };

  const data = await UpData.open(directory, !given.database);
  const adminToken = given.adminToken ? checked.adminToken : data.adminToken;
  const database = given.database ? checked.database : { url: await startDatabase(data, closing) };
  signal.throwIfAborted();
  const { address, uiUrl } = checked.temporal.addressIsGiven
    ? { address: checked.temporal.address, uiUrl: null }
    : await startTemporal(data, checked.temporal.namespace, closing, signal);
  return { config: { ...checked, database, adminToken, temporal: { ...checked.temporal, address } }, uiUrl, data };
}

/** Resolves with the file that tells others of these servers. */
async function publish(directory: string, configFile: string, config: Config, closing: Closing): Promise<string> {
  const { file, withdraw } = await publishConnections(directory, {
    VM_REJUV_CONFIG: resolve(configFile),
    VM_REJUV_DATABASE_URL: config.database.url,
    VM_REJUV_TEMPORAL_ADDRESS: config.temporal.address,
    VM_REJUV_ADMIN_TOKEN: config.adminToken,
  });
  closing.add(withdraw);
  return file;
}

async function startDatabase(data: UpData, closing: Closing): Promise<string> {
  const ports = data.ports('postgresPort');
  const server = await startEmbeddedPostgres({ directory: join(data.directory, 'postgres'), ports, onProgress });
  closing.add(() => server.stop());
  await data.keep({ postgresPort: server.port });
  return server.url;
}

async function startTemporal(
  data: UpData,
  namespace: string,
  closing: Closing,
  signal: AbortSignal,
): Promise<{ address: string; uiUrl: string }> {
  const cli = await findTemporalCli({ onProgress, signal });
  const server = await startEmbeddedTemporal({
    ...{ cli, directory: join(data.directory, 'temporal'), namespace },
    ...{ ports: data.ports('temporalPort'), uiPorts: data.ports('temporalUiPort') },
  });
  closing.add(() => server.stop());
  await data.keep({ temporalPort: server.port, temporalUiPort: server.uiPort });
  return server;
}
