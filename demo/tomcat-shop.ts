// The Tomcat shop as a pool: two unmodified Tomcats, each with a session store of its own.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../embedded/ports.js';
import type { ShopLeak, TomcatStore } from '../embedded/tomcat-base.js';
import { createTomcatBase, tomcatCommand } from '../embedded/tomcat-base.js';
import { provideTomcat } from '../embedded/tomcat-kit.js';
import type { PoolFile } from './installation.js';

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
  const machine = async (name: string): Promise<Record<string, unknown>> => {
    const port = await freePort();
    const base = join(directory, name);
    const sessionDirectory = join(directory, `${name}-sessions`);
    const sessionTable = sessionTableOf(name);
    const store: TomcatStore =
      sessionsUrl === undefined
        ? { type: 'file', directory: join(sessionDirectory, 'shop') }
        : { type: 'data-source', url: sessionsUrl, table: sessionTable };
    if (store.type === 'data-source') await createSessionTable(store.url, store.table);
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
  return {
    pool: {
      machines,
      sessions: {
        mechanism: 'tomcat-swap',
        contexts: ['/shop'],
        store: sessionsUrl === undefined ? { type: 'file' } : { type: 'data-source', url: { env: 'SESSIONS_DATABASE_URL' } },
        manager: { user: 'vm-rejuv', password: { env: 'TOMCAT_MANAGER_PASSWORD' } },
        canary: { path: '/shop/cart', attributes: ['cart'] },
      },
      health: { path: '/shop/health', bootTimeoutMs },
    },
    secrets: {
      TOMCAT_MANAGER_PASSWORD: managerPassword,
      ...(sessionsUrl === undefined ? {} : { SESSIONS_DATABASE_URL: sessionsUrl }),
    },
  };
}

export function sessionTableOf(machine: string): string {
  return `sessions_${machine.replaceAll('-', '_')}`;
}

/** As docs/servers/tomcat.md shows it. */
export async function createSessionTable(url: string, table: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(
      `create table ${table} (id varchar(100) not null, app varchar(255) not null, data bytea, valid char(1) not null,
         maxinactive int not null, lastaccess bigint not null, primary key (id, app));
       create index on ${table} (app, (lastaccess + maxinactive * 1000::bigint))`,
    );
  } finally {
    await client.end();
  }
}
