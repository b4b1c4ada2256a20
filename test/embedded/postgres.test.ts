import { spawn } from 'node:child_process';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { RunningPostgres } from '../../embedded/postgres.js';
import { startEmbeddedPostgres } from '../../embedded/postgres.js';
import { processesNaming } from '../fixtures/processes.js';
import { serverDirectory } from '../fixtures/server-directory.js';

async function start(directory: string): Promise<RunningPostgres> {
  const server = await startEmbeddedPostgres({ directory });
  onTestFinished(() => server.stop());
  return server;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client.query(sql).then(
    ({ rows }) => client.end().then(() => rows as unknown[]),
    (error: unknown) => client.end().then(() => Promise.reject(error as Error)),
  );
}

test('stop resolves when the server has ended before, and again', async () => {
  const directory = await serverDirectory();
  const server = await start(directory);
  process.kill(server.pid, 'SIGINT');
  await expect.poll(() => processesNaming(directory), { timeout: 20_000 }).toEqual([]);
  await server.stop();
  await server.stop();
});

test('a start that was killed between its parts is made good by the next one', async () => {
  const directory = await serverDirectory();
  // What an initdb leaves that is killed in the middle.
  await mkdir(join(directory, 'data-unfinished'));
  await writeFile(join(directory, 'data-unfinished', 'PG_VERSION'), '18\n');
  const first = await start(directory);
  const other = first.url.replace(/[^/]*$/, 'postgres');
  // What is there when it is killed between the cluster and its database.
  await query(other, 'drop database vm_rejuv');
  await first.stop();

  const second = await start(directory);
  expect(await query(second.url, 'select current_database() as name')).toEqual([{ name: 'vm_rejuv' }]);
});

test('what it says about its failure is repeated, and nothing is left running', async () => {
  const directory = await serverDirectory();
  const first = await start(directory);
  await first.stop();
  await appendFile(join(directory, 'data', 'postgresql.conf'), 'nonsense = 1\n');

  await expect(startEmbeddedPostgres({ directory })).rejects.toMatchObject({
    code: 'POSTGRES_NOT_STARTED',
    message: expect.stringContaining('"nonsense"') as string,
    remedy: expect.stringContaining('postgres.log') as string,
  });
  expect(processesNaming(directory)).toEqual([]);
});

test('what only looks like a server of the directory is left alone', async () => {
  const directory = await serverDirectory();
  const data = join(directory, 'data');
  const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '--', '-D', data], { stdio: 'ignore' });
  onTestFinished(() => void bystander.kill('SIGKILL'));
  await start(directory);
  expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
});

test('output that cannot be kept does not keep it from starting, nor whoever has started it from going on', async () => {
  const directory = await serverDirectory();
  await mkdir(join(directory, 'postgres.log'));
  const server = await start(directory);
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('one whose starter did not live to end it is ended before the next one starts, and gives its port back', async () => {
  const directory = await serverDirectory();
  const first = await start(directory);

  const second = await startEmbeddedPostgres({ directory, ports: [first.port] });
  onTestFinished(() => second.stop());

  expect(second.port).toBe(first.port);
  expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});
