// Everything in one place: proxy and worker in this process, PostgreSQL and Temporal beside it unless their addresses are given.

import { join, resolve } from 'node:path';
import { loadConfig } from '../config/load.js';
import { describeError } from '../config/operator-error.js';
import type { Config } from '../config/types.js';
import { Closing } from '../embedded/closing.js';
import { startEmbeddedPostgres } from '../embedded/postgres.js';
import { startEmbeddedTemporal } from '../embedded/temporal.js';
import { findTemporalCli } from '../embedded/temporal-cli.js';
import { startProxy } from '../proxy/start-proxy.js';
import { startWorker } from '../worker/start-worker.js';
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
  onToldToEnd(() => end.abort(), 'running steps and requests, 10 s at most; machines run on');
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
  const proxy = await startProxy({
    config: config.proxy,
    pool,
    databaseUrl: config.database.url,
    adminToken: config.adminToken,
  });
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
  const told = new Promise<void>((resolve_) => signal.addEventListener('abort', () => resolve_()));
  if (signal.aborted) return;
  const struck = await Promise.race([told, worker.done, proxy.struck]);
  if (struck !== undefined) throw struck;
}

/** Checks the configuration whole, then starts what it gives no address of. */
async function startServers(options: UpOptions, closing: Closing, signal: AbortSignal): Promise<Servers> {
  const given = { database: isGiven('VM_REJUV_DATABASE_URL'), adminToken: isGiven('VM_REJUV_ADMIN_TOKEN') };
  const placeholders = {
    ...(given.database ? {} : { VM_REJUV_DATABASE_URL: 'postgres://embedded' }),
    ...(given.adminToken ? {} : { VM_REJUV_ADMIN_TOKEN: 'generated' }),
  };
  const checked = loadConfig(options.config, { ...process.env, ...placeholders });
  choosePool(checked, options.pool);
  if (given.database && given.adminToken && checked.temporal.addressIsGiven) return { config: checked, uiUrl: null, data: null };

  const data = await UpData.open(resolve(options.data), !given.database);
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

/** An empty variable says nothing. */
function isGiven(variable: string): boolean {
  return Boolean(process.env[variable] || process.env[`${variable}_FILE`]);
}
