import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, inject, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { nodeShopWithoutTables } from '../../../demo/node-shop.js';
import type { ReadyChild } from '../../../embedded/child-process.js';
import { startReadyChild, stopProcess } from '../../../embedded/child-process.js';
import { createTestDatabase } from '../../fixtures/postgres.js';
import { withOwnPorts } from '../../fixtures/own-ports.js';
import { processesNaming } from '../../fixtures/processes.js';
import { serverDirectory } from '../../fixtures/server-directory.js';
import { takePort } from '../../fixtures/taken-port.js';

const CLI = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

async function writeConfig(directory: string, temporal: Record<string, unknown> = {}): Promise<string> {
  const file = join(directory, 'vm-rejuv.yaml');
  const { pool } = await nodeShopWithoutTables(directory, 'postgres://nobody@127.0.0.1:9/nothing');
  const proxy = { listen: '127.0.0.1:0', admin: '127.0.0.1:0' };
  await writeFile(file, stringify({ proxy, temporal: { taskQueue: 'up', ...temporal }, pools: { up: pool } }));
  return file;
}

async function startUp(config: string, data: string, env: Record<string, string> = {}): Promise<ReadyChild> {
  const command = [process.execPath, CLI, 'up', '--config', config, '--data', data, '--json'];
  const child = await startReadyChild({ name: 'up', command, env, logFile: `${config}.log` });
  onTestFinished(() => child.stop());
  return child;
}

test('other commands reach what "up" has started, by the file that it names, also after another start', async () => {
  const directory = await serverDirectory();
  const data = join(directory, 'data');
  const config = await writeConfig(directory, { namespace: 'shops' });
  await withOwnPorts(data);
  const first = await startUp(config, data);
  const envFile = String(first.ready['envFile']);
  expect(envFile).toBe(join(data, 'vm-rejuv.env'));
  expect((await stat(envFile)).mode & 0o777).toBe(0o600);
  const environment = await readFile(envFile, 'utf8');

  const script = `set -a; . ${envFile}; set +a; "$0" "$1" check --json || true`;
  const { stdout } = await promisify(execFile)('sh', ['-c', script, process.execPath, CLI]);
  const checks = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { check: string; ok: boolean });
  const good = checks.filter(({ ok }) => ok).map(({ check }) => check);
  expect(good).toContainEqual(expect.stringContaining('PostgreSQL answers'));
  expect(good).toContainEqual(expect.stringContaining('Temporal answers'));
  expect(good).toContainEqual(expect.stringContaining('a proxy is registered and answers'));

  // As Ctrl-C does it: to everything at once.
  for (const pid of processesNaming(data)) process.kill(pid, 'SIGINT');
  await first.ended;
  expect(processesNaming(data)).toEqual([]);

  await startUp(config, data);
  expect(await readFile(envFile, 'utf8')).toBe(environment);
}, 120_000);

test('servers whose addresses are given, also in the configuration, are not started, and no directory is made', async () => {
  const directory = await serverDirectory();
  const data = join(directory, 'data');
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const config = await writeConfig(directory, { address: inject('temporalAddress') });
  const env = { VM_REJUV_DATABASE_URL: database.url, VM_REJUV_ADMIN_TOKEN: 'given' };
  const started = await startUp(config, data, env);
  expect(started.ready).toMatchObject({ envFile: null, temporalUiUrl: null });
  expect(existsSync(data)).toBe(false);
  await started.stop();
}, 60_000);

test('told to end while it starts, it ends what it has started and says nothing of errors', async () => {
  const directory = await serverDirectory();
  const data = join(directory, 'data');
  const config = await writeConfig(directory);
  const child = spawn(process.execPath, [CLI, 'up', '--config', config, '--data', data], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => stopProcess(child));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await expect.poll(() => processesNaming(join(data, 'temporal')), { timeout: 60_000, interval: 20 }).not.toEqual([]);
  child.kill('SIGTERM');
  await expect.poll(() => child.exitCode, { timeout: 30_000 }).toBe(0);
  expect(said).not.toMatch(/error|Ready/i);
  expect(processesNaming(data)).toEqual([]);
}, 120_000);

test('what would keep it from its end is told before anything is made', async () => {
  const directory = await serverDirectory();
  const data = join(directory, 'data');
  const taken = `127.0.0.1:${await takePort()}`;
  const config = await writeConfig(directory);
  const text = await readFile(config, 'utf8');
  const unreachable = { VM_REJUV_TEMPORAL_ADDRESS: '127.0.0.1:1' };

  await writeFile(config, text.replace('admin: 127.0.0.1:0', `admin: ${taken}`));
  await expect(startUp(config, data)).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: expect.stringContaining('proxy.admin') as string,
  });
  await writeFile(config, text.replace('admin: 127.0.0.1:0', 'admin: 203.0.113.7:8081'));
  await expect(startUp(config, data)).rejects.toMatchObject({
    code: 'ADDRESS_UNUSABLE',
    message: expect.stringMatching(/^proxy\.admin: .*EADDRNOTAVAIL/) as string,
  });
  await writeFile(config, text);
  await expect(startUp(config, config)).rejects.toMatchObject({ code: 'DATA_UNUSABLE' });
  await expect(startUp(config, data, unreachable)).rejects.toMatchObject({ code: 'TEMPORAL_UNREACHABLE' });

  expect(existsSync(data)).toBe(false);
}, 60_000);
