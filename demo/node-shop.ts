// The Node shop as a pool: two processes, sessions in PostgreSQL, by the files of examples/servers/node.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { exampleFile, samplePool } from '../embedded/examples.js';
import { freePort } from '../embedded/ports.js';
import type { PoolFile } from './installation.js';
import { createSessionTables } from './session-tables.js';

const MAIN = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? './node-app/main.js' : '../dist/demo/node-app/main.js', import.meta.url),
);

const BOOT_TIMEOUT_MS = 60_000;

export async function nodeShop(directory: string, databaseUrl: string): Promise<PoolFile> {
  await createSessionTables(databaseUrl, 'node');
  return nodeShopWithoutTables(directory, databaseUrl);
}

/** As it is configured before its database is there. */
export async function nodeShopWithoutTables(directory: string, databaseUrl: string): Promise<PoolFile> {
  const machine = (name: string): Promise<Record<string, unknown>> =>
    nodeMachine(directory, name, MAIN, (place) => nodeEnvironment(place, databaseUrl));
  return nodePool([await machine('node-a'), await machine('node-b')], BOOT_TIMEOUT_MS);
}

/** Where a program of Node's listens. */
export interface NodePlace {
  host: string;
  port: number;
}

/** A machine that runs this program of Node's, which is told by its environment where to listen. */
export async function nodeMachine(
  directory: string,
  name: string,
  main: string,
  environmentOf: (place: NodePlace) => Record<string, string>,
): Promise<Record<string, unknown>> {
  const place = { host: '127.0.0.1', port: await freePort() };
  return {
    name,
    url: `http://${place.host}:${place.port}`,
    driver: {
      type: 'process',
      command: [process.execPath, main],
      env: environmentOf(place),
      stateDirectory: join(directory, 'machines'),
      stopTimeoutMs: 5000,
    },
  };
}

/** What the shop is told by its environment: the sample's. */
export function nodeEnvironment({ host, port }: NodePlace, databaseUrl: string): Record<string, string> {
  const text = exampleFile('node/shop.env', {
    '10.0.0.11': host,
    '8080': String(port),
    'postgres://shop:change-me@10.0.0.20:5432/sessions': databaseUrl,
  });
  return parseEnv(text) as Record<string, string>;
}

/** Machines of the shop as a pool, wherever they run. */
export function nodePool(machines: readonly [Record<string, unknown>, Record<string, unknown>], bootTimeoutMs: number): PoolFile {
  const pool = samplePool('node');
  return { pool: { ...pool, machines, health: { ...pool.health, bootTimeoutMs } }, secrets: {} };
}
