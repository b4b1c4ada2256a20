import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { createDriver } from '../../../activities/hypervisor/create-driver.js';
import { Installation } from '../../../demo/installation.js';
import { nodeShop } from '../../../demo/node-shop.js';
import type { ReadyChild } from '../../../embedded/child-process.js';
import { startReadyChild } from '../../../embedded/child-process.js';
import { createTestDatabase } from '../../fixtures/postgres.js';
import { withOwnPorts } from '../../fixtures/own-ports.js';
import { alive, descendants } from '../../fixtures/process-tree.js';
import { processesNaming } from '../../fixtures/processes.js';

const CLI = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

interface Place {
  installation: Installation;
  data: string;
  env: NodeJS.ProcessEnv;
}

/** A configured shop whose sessions are in the database of the test run; where vm-rejuv keeps its own is for `up` to say. */
async function createPlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'vm-rejuv-up-'));
  await chmod(directory, 0o755);
  const database = await createTestDatabase();
  const pool = await nodeShop(directory, database.url);
  const installation = await Installation.create({
    directory,
    databaseUrl: 'postgres://unused',
    temporalAddress: '127.0.0.1:1',
    pool,
  });
  await writeFile(installation.configFile, stringify({ pools: { [installation.pool.name]: pool.pool } }));
  onTestFinished(async () => {
    await installation.close();
    await database.drop();
    await rm(directory, { recursive: true, force: true });
  });
  const env = { ...process.env, VM_REJUV_CONFIG: installation.configFile };
  return { installation, data: join(directory, 'data'), env };
}

async function up({ installation, data }: Place, through: string[] = []): Promise<ReadyChild & { url: string }> {
  const child = await startReadyChild({
    name: 'up',
    // In a process group of its own, as a shell would start it.
    command: [...through, 'setsid', process.execPath, CLI, 'up', '--data', data, '--json'],
    env: { VM_REJUV_CONFIG: installation.configFile },
    logFile: join(installation.directory, 'up.log'),
  });
  onTestFinished(() => child.stop());
  return { ...child, url: String(child.ready['url']) };
}

async function vmRejuv({ data, env }: Place, ...args: string[]): Promise<Record<string, unknown>[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, ...args, '--data', data, '--json'], { env });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function inFlightAt({ ready }: ReadyChild): Promise<number> {
  const metrics = await (await fetch(`${String(ready['adminUrl'])}/metrics`)).text();
  return [...metrics.matchAll(/^vm_rejuv_in_flight_requests\{.*\} (\d+)$/gm)].reduce((sum, [, value]) => sum + Number(value), 0);
}

test('up says so when its application does not answer yet, and how to start it', async () => {
  const place = await createPlace();
  const child = await up(place);
  const log = (): Promise<string> => readFile(join(place.installation.directory, 'up.log'), 'utf8');
  await expect.poll(log).toMatch(/^Active machine node-a: \/shop\/health .* vm-rejuv boot shop$/m);
  await child.stop();
});

test('up serves and restarts a pool, ends with all it has started, and knows the roles when it comes back', async () => {
  const place = await createPlace();
  const { installation, data } = place;
  await installation.bootMachines();
  const first = await up(place);
  const machines = async (): Promise<unknown[]> =>
    Promise.all(
      ['node-a', 'node-b'].map((name) => createDriver(installation.pool).status(name, { signal: AbortSignal.timeout(5000) })),
    );

  expect((await fetch(`${first.url}/shop/cart`)).status).toBe(200);
  expect((await vmRejuv(place, 'rejuvenate', 'shop', '--watch')).at(-1)).toMatchObject({ from: 'node-a', to: 'node-b' });

  const before = await machines();
  const servers = descendants(first.pid).filter(({ pid }) => !JSON.stringify(before).includes(`"${pid}@`));
  expect(alive(servers).length).toBeGreaterThan(2);
  first.signal('SIGTERM');
  expect(await first.ended).toBe(0);
  expect(alive(servers)).toEqual([]);
  expect(existsSync(join(data, 'vm-rejuv.env'))).toBe(false);
  expect(await machines()).toEqual(before);

  const second = await up(place);
  const [status] = await vmRejuv(place, 'status');
  expect(status).toMatchObject({ active: 'node-b', phase: 'steady', lastRestart: { result: { from: 'node-a' } } });
  expect((await fetch(`${second.url}/shop/cart`)).status).toBe(200);

  const again = descendants(second.pid);
  // As Ctrl-C in a terminal.
  process.kill(-second.pid, 'SIGINT');
  expect(await second.ended).toBe(0);
  expect(alive(again)).toEqual([]);
  // The proxy could sign off: nothing that ended before it is complained of, and nobody has to wait for its requests.
  const log = await readFile(join(installation.directory, 'up.log'), 'utf8');
  const expected = /^(Ending: |Making |\{|For a shell|Read|$)| INFO clean-restart\/shop (begins|has ended well)/;
  expect(log.split('\n').filter((line) => !expected.test(line))).toEqual([]);
}, 180_000);

test('told a second time, up ends at once and leaves no server behind; the next one has its addresses', async () => {
  const place = await createPlace();
  await place.installation.bootMachines();
  await withOwnPorts(place.data);
  const first = await up(place);
  const servers = descendants(first.pid).filter(({ pid }) => processesNaming(place.data).includes(pid));
  expect(servers.length).toBeGreaterThan(1);
  const slow = fetch(`${first.url}/shop/slow?ms=9000`).catch(() => 'broken off');
  const log = join(place.installation.directory, 'up.log');
  await expect.poll(() => inFlightAt(first)).toBe(1);

  first.signal('SIGTERM');
  await expect.poll(() => readFile(log, 'utf8')).toContain('SIGTERM once more ends it at once.');
  expect(alive(servers)).toHaveLength(servers.length);
  let code: number | null | undefined;
  void first.ended.then((ended) => (code = ended));
  // What comes right after it is the same wish: npm passes on what the terminal has sent already.
  await expect
    .poll(() => {
      if (code === undefined) first.signal('SIGTERM');
      return code;
    })
    .toBe(143);
  expect(await slow).toBe('broken off');
  await expect.poll(() => alive(servers)).toEqual([]);
  const second = await up(place);
  expect(second.ready['temporalUiUrl']).toBe(first.ready['temporalUiUrl']);
}, 120_000);

test('up ends in good order when its terminal is closed', async () => {
  const place = await createPlace();
  const terminal = await startReadyChild({
    name: 'up in a terminal',
    command: ['script', '-qfc', [process.execPath, CLI, 'up', '--data', place.data, '--json'].join(' '), '/dev/null'],
    env: { VM_REJUV_CONFIG: place.installation.configFile },
    logFile: join(place.installation.directory, 'up.log'),
  });
  onTestFinished(() => terminal.stop());
  const started = descendants(terminal.pid);
  const ended = (): boolean => alive(started).length === 0;
  const postmaster = join(place.data, 'postgres', 'data', 'postmaster.pid');
  expect([started.length > 1, ended(), existsSync(postmaster)]).toEqual([true, false, true]);

  terminal.signal('SIGKILL');

  await expect.poll(ended, { timeout: 60_000 }).toBe(true);
  // PostgreSQL leaves it behind when it is killed.
  expect(existsSync(postmaster)).toBe(false);
}, 90_000);

test('up goes on when a terminal is closed that it does not use, as under nohup', async () => {
  const lasting = await up(await createPlace(), ['nohup']);
  let code: number | null | undefined;
  void lasting.ended.then((ended) => (code = ended));

  for (let count = 0; count < 3; count++) {
    lasting.signal('SIGHUP');
    // Longer than what counts as one wish to end.
    await sleep(600);
  }

  expect(code).toBeUndefined();
  expect((await fetch(`${String(lasting.ready['adminUrl'])}/readyz`)).status).toBe(200);
  lasting.signal('SIGTERM');
  expect(await lasting.ended).toBe(0);
}, 90_000);

test('up that is told to end while it starts leaves no server behind', async () => {
  const place = await createPlace();
  const child = spawn(process.execPath, [CLI, 'up', '--data', place.data], { env: place.env, stdio: 'ignore' });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const postmaster = join(place.data, 'postgres', 'data', 'postmaster.pid');
  await expect.poll(() => existsSync(postmaster), { timeout: 60_000, interval: 20 }).toBe(true);
  const started = descendants(child.pid ?? 0);
  expect(alive(started).length).toBeGreaterThan(0);

  child.kill('SIGTERM');

  expect((await ended)[0]).toBe(0);
  expect(alive(started)).toEqual([]);
}, 90_000);

test('a second one is refused while the first runs, and one that was killed does not keep the next from starting', async () => {
  const place = await createPlace();
  const first = await up(place);

  await expect(up(place)).rejects.toMatchObject({ code: 'ALREADY_UP' });
  first.signal('SIGKILL');
  await first.ended;

  const next = await up(place);
  expect(next.ready['ready']).toBe(true);
  await next.stop();
});
