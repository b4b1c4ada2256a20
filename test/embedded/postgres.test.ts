import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { RunningPostgres } from '../../embedded/postgres.js';
import { startEmbeddedPostgres } from '../../embedded/postgres.js';
import { processesNaming } from '../fixtures/processes.js';
import { serverDirectory } from '../fixtures/server-directory.js';
import { takePort } from '../fixtures/taken-port.js';

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

test('stop resolves when the server has ended before, as after a Ctrl-C that reached both', async () => {
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

test('a port that the caller names and somebody else has is POSTGRES_NOT_STARTED, and nothing is left running', async () => {
  const directory = await serverDirectory();
  const port = await takePort();
  await expect(startEmbeddedPostgres({ directory, port })).rejects.toMatchObject({
    code: 'POSTGRES_NOT_STARTED',
    message: expect.stringContaining('Address already in use') as string,
  });
  expect(processesNaming(directory)).toEqual([]);
});
