// Everything in one place: proxy and worker in this process, PostgreSQL and Temporal beside it unless their addresses are given.

import { randomBytes } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/types.js';
import { startEmbeddedPostgres } from '../embedded/postgres.js';
import { startEmbeddedTemporal } from '../embedded/temporal.js';
import { findTemporalCli } from '../embedded/temporal-cli.js';
import { startProxy } from '../proxy/start-proxy.js';
import { startWorker } from '../worker/start-worker.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { choosePool } from './pool-option.js';
import { untilToldToEnd } from './until-told.js';

interface UpOptions extends OutputOptions {
  config: string;
  pool?: string;
  data: string;
}

export async function up(options: UpOptions): Promise<void> {
  const { env } = process;
  const given = { database: hasSecret('VM_REJUV_DATABASE_URL'), temporal: env['VM_REJUV_TEMPORAL_ADDRESS'] !== undefined };
  // Checked whole before anything starts; what is embedded gets its address afterwards.
  const placeholders = {
    ...(given.database ? {} : { VM_REJUV_DATABASE_URL: 'postgres://embedded' }),
    ...(hasSecret('VM_REJUV_ADMIN_TOKEN') ? {} : { VM_REJUV_ADMIN_TOKEN: randomBytes(24).toString('base64url') }),
  };
  const checked = loadConfig(options.config, { ...env, ...placeholders });
  const pool = choosePool(checked, options.pool);
  const closing: (() => Promise<void>)[] = [];
  try {
    const { config, uiUrl } = await withServers(checked, given, resolve(options.data), closing);
    const worker = await startWorker(config);
    closing.unshift(() => worker.close());
    const proxy = await startProxy({
      config: config.proxy,
      pool,
      databaseUrl: config.database.url,
      adminToken: config.adminToken,
    });
    closing.unshift(() => proxy.close());
    const { url, adminUrl } = proxy;
    print(options, `Ready: ${url} (pool ${pool.name}), admin ${adminUrl}${uiUrl === null ? '' : `, Temporal UI ${uiUrl}`}`, {
      ready: true,
      url,
      adminUrl,
      temporalUiUrl: uiUrl,
    });
    await Promise.race([untilToldToEnd(), worker.done]);
  } finally {
    for (const close of closing) await close();
  }
}

async function withServers(
  config: Config,
  given: { database: boolean; temporal: boolean },
  data: string,
  closing: (() => Promise<void>)[],
): Promise<{ config: Config; uiUrl: string | null }> {
  const onProgress = (line: string): void => console.error(line);
  let { database, temporal } = config;
  let uiUrl: string | null = null;
  await mkdir(data, { recursive: true });
  // As root, PostgreSQL runs under an account of its own, which must be able to reach its directory.
  await chmod(data, 0o711);
  if (!given.database) {
    const postgres = await startEmbeddedPostgres({ directory: join(data, 'postgres'), onProgress });
    closing.unshift(() => postgres.stop());
    database = { url: postgres.url };
  }
  if (!given.temporal) {
    const cli = await findTemporalCli({ onProgress, signal: AbortSignal.timeout(900_000) });
    const server = await startEmbeddedTemporal({ cli, directory: join(data, 'temporal') });
    closing.unshift(() => server.stop());
    temporal = { ...temporal, address: server.address, namespace: server.namespace };
    uiUrl = server.uiUrl;
  }
  return { config: { ...config, database, temporal }, uiUrl };
}

function hasSecret(variable: string): boolean {
  return process.env[variable] !== undefined || process.env[`${variable}_FILE`] !== undefined;
}
