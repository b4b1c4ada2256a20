// The Node shop as a pool: two processes, sessions in PostgreSQL.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../embedded/ports.js';
import type { PoolFile } from './installation.js';

const MAIN = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? './node-app/main.js' : '../dist/demo/node-app/main.js', import.meta.url),
);

const BOOT_TIMEOUT_MS = 60_000;

export async function nodeShop(directory: string, databaseUrl: string): Promise<PoolFile> {
  const machine = (name: string): Promise<Record<string, unknown>> =>
    nodeMachine(directory, name, MAIN, { DATABASE_URL: databaseUrl });
  return nodePool([await machine('node-a'), await machine('node-b')], BOOT_TIMEOUT_MS);
}

/** A machine that runs this program of Node's, which listens at `PORT` of its environment. */
export async function nodeMachine(
  directory: string,
  name: string,
  main: string,
  env: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  const port = await freePort();
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    driver: {
      type: 'process',
      command: [process.execPath, main],
      env: { ...env, PORT: String(port) },
      stateDirectory: join(directory, 'machines'),
      stopTimeoutMs: 5000,
    },
  };
}

/** Machines of the shop as a pool, wherever they run. */
export function nodePool(machines: readonly [Record<string, unknown>, Record<string, unknown>], bootTimeoutMs: number): PoolFile {
  return {
    pool: {
      machines,
      sessionId: { cookies: ['sid'], pathParameter: null, routeMarker: 'none' },
      // It saves before it answers.
      sessions: { mechanism: 'shared-store', settleMs: 0, canary: { path: '/shop/cart' } },
      // Its slowest page takes seconds; what broke off counts as running for this long.
      limits: { requestTimeoutMs: 10_000 },
      health: { path: '/shop/health', bootTimeoutMs },
    },
    secrets: {},
  };
}
