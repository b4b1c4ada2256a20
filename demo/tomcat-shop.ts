// The Tomcat shop as a pool: two unmodified Tomcats, each with a session store of its own.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { samplePool } from '../embedded/examples.js';
import { freePort } from '../embedded/ports.js';
import type { ShopLeak, TomcatStore } from '../embedded/tomcat-base.js';
import { createTomcatBase, tomcatCommand } from '../embedded/tomcat-base.js';
import { provideTomcat } from '../embedded/tomcat-kit.js';
import type { PoolFile } from './installation.js';
import { createSessionTables } from './session-tables.js';

const BOOT_TIMEOUT_MS = 120_000;

export interface TomcatShopOptions {
  onProgress?: (line: string) => void;
  signal?: AbortSignal;
  /** Sessions in tables of this database (DataSourceStore) instead of files. */
  sessionsUrl?: string;
  /** The application ages on purpose. */
  leak?: ShopLeak;
}

export async function tomcatShop(directory: string, options: TomcatShopOptions = {}): Promise<PoolFile> {
  const { onProgress = () => undefined, signal = new AbortController().signal, sessionsUrl, leak = null } = options;
  const kit = await provideTomcat(onProgress, signal);
  const managerPassword = randomBytes(18).toString('base64url');
  if (sessionsUrl !== undefined) await createSessionTables(sessionsUrl, 'tomcat/data-source-store');
  const machine = async (name: string): Promise<Record<string, unknown>> => {
    const port = await freePort();
    const base = join(directory, name);
    const sessionDirectory = join(directory, `${name}-sessions`);
    const sessionTable = sessionTableOf(name);
    const store: TomcatStore =
      sessionsUrl === undefined
        ? { type: 'file', directory: join(sessionDirectory, 'shop') }
        : { type: 'data-source', url: sessionsUrl, table: sessionTable };
    await createTomcatBase({ kit, base, port, managerPassword, jvmRoute: name, store });
    return {
      name,
      url: `http://127.0.0.1:${port}`,
      ...(store.type === 'file' ? { sessionDirectory } : { sessionTable }),
      driver: {
        type: 'process',
        ...tomcatCommand(kit, base, leak),
        cwd: base,
        stateDirectory: join(directory, 'machines'),
        stopTimeoutMs: 10_000,
      },
    };
  };
  return tomcatPool([await machine('tomcat-a'), await machine('tomcat-b')], managerPassword, {
    ...(sessionsUrl === undefined ? {} : { sessionsUrl }),
    bootTimeoutMs: BOOT_TIMEOUT_MS,
  });
}

/** Machines of the shop as a pool, wherever they run; with `sessionsUrl`, their sessions are in tables of that database. */
export function tomcatPool(
  machines: readonly [Record<string, unknown>, Record<string, unknown>],
  managerPassword: string,
  { sessionsUrl, bootTimeoutMs }: { sessionsUrl?: string; bootTimeoutMs: number },
): PoolFile {
  const pool = samplePool(sessionsUrl === undefined ? 'tomcat/file-store' : 'tomcat/data-source-store');
  return {
    pool: { ...pool, machines, health: { ...pool.health, bootTimeoutMs } },
    secrets: {
      TOMCAT_MANAGER_PASSWORD: managerPassword,
      ...(sessionsUrl === undefined ? {} : { SESSIONS_DATABASE_URL: sessionsUrl }),
    },
  };
}

/** Of a machine of the sample. */
export function sessionTableOf(machine: string): string {
  return `sessions_${machine.replaceAll('-', '_')}`;
}
