import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { appendFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import { nodeShop } from '../../demo/node-shop.js';
import { openDatabase } from '../../state/database.js';
import { migrate } from '../../state/migrate.js';
import { ensurePool } from '../../state/pool.js';
import { SKIPPABLE, STEPS } from '../../workflows/steps.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { CLI, jsonLines, vmRejuv } from '../fixtures/vm-rejuv.js';

interface Shop {
  machines: { driver: { stateDirectory: string } }[];
}

test('check, rejuvenate and status tell what they did, for people and for programs', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  const { name } = installation.pool;
  expect(jsonLines(await vmRejuv(installation, ['boot', '--json']))).toMatchObject([
    { machine: 'node-a' },
    { machine: 'node-b' },
  ]);
  const before = await vmRejuv(installation, ['check']);
  expect(before).toMatchObject({ code: 1, stdout: expect.stringContaining('NO_PROXY') as string });
  await installation.startProxy();
  await installation.startWorker();

  expect(await vmRejuv(installation, ['check', '--json'])).toMatchObject({ code: 0 });
  const watched = await vmRejuv(installation, ['rejuvenate', name, '--watch', '--json']);
  expect(watched.code).toBe(0);
  expect(jsonLines(watched).at(-1)).toMatchObject({ from: 'node-a', to: 'node-b' });
  const [status] = jsonLines(await vmRejuv(installation, ['status', '--json']));
  expect(status).toMatchObject({
    pool: name,
    phase: 'steady',
    active: 'node-b',
    run: null,
    proxies: [{ name: 'proxy-1', dead: false }],
  });
});

test('boot starts no machine of a pool that a run has: it may have switched one off on purpose', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  const { name } = installation.pool;
  const database = openDatabase(installation.config.database.url);
  onTestFinished(() => database.end());
  await migrate(installation.config.database.url);
  await ensurePool(database, installation.pool);
  const run = `fail-over/${name}/0199`;
  await database.query('update pool set run = $1', [run]);

  const refused = await vmRejuv(installation, ['boot', '--json']);
  expect(refused.code).toBe(2);
  expect(jsonLines(refused)).toMatchObject([
    {
      error: {
        code: 'POOL_IN_USE',
        message: expect.stringContaining(`${run} has it`) as string,
        remedy: expect.stringContaining(`vm-rejuv status ${name}`) as string,
      },
    },
  ]);
  const { signal } = new AbortController();
  expect(await createDriver(installation.pool).status('node-a', { signal })).toMatchObject({ power: 'off' });
  await database.query('update pool set run = null');
  expect(await vmRejuv(installation, ['boot'])).toMatchObject({ code: 0 });
});

test('it tells its version', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  const { installation } = await createTestInstallation(nodeShop);
  expect(await vmRejuv(installation, ['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test('what cannot be done is refused in two sentences, with a code and without a stack trace', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  const { name } = installation.pool;

  const refusals: [string[], Record<string, string>, number, RegExp][] = [
    [['rejuvenate', 'nobody'], {}, 2, /POOL_UNKNOWN: .*nobody.*Name one of/],
    [['status'], { VM_REJUV_CONFIG: '/nowhere.yaml' }, 2, /CONFIG_UNREADABLE: .*ENOENT/],
    [['status'], { VM_REJUV_DATABASE_URL: 'postgres://postgres@127.0.0.1:1/x' }, 1, /DATABASE_UNREACHABLE/],
    [['rejuvenate', name], { VM_REJUV_TEMPORAL_ADDRESS: '127.0.0.1:1' }, 1, /TEMPORAL_UNREACHABLE/],
    [['deregister', name, 'not-an-incarnation'], {}, 2, /PROXY_UNKNOWN/],
    [
      ['rejuvenate', name],
      { VM_REJUV_TEMPORAL_ADDRESS: 'nonsense' },
      2,
      /CONFIG_INVALID: VM_REJUV_TEMPORAL_ADDRESS: .*host:port/,
    ],
    [['proxy', '--listen', 'nonsense'], {}, 2, /host:port/],
    [['proxy', '--listen', 'x:65536'], {}, 2, /host:port/],
    [['proxy', '--name', '../x'], {}, 2, /--name.*Allowed: a name of/],
    [['proxy', '--admin', '0.0.0.0:0'], {}, 2, /CONFIG_INVALID: --admin-url: found nothing/],
    [['proxy', '--listen', 'a:80', '--admin', 'a:80'], {}, 2, /CONFIG_INVALID: --admin: found a:80, allowed: another address/],
    [['status'], { VM_REJUV_DATABASE_URL: '' }, 2, /SECRET_MISSING: VM_REJUV_DATABASE_URL.*--data .*"vm-rejuv up"/],
    [['restart'], {}, 2, /unknown command.*: vm-rejuv --help\n$/],
    [['status', '--nonsense'], {}, 2, /unknown option.*: vm-rejuv status --help\n$/],
    [['replay-samples'], {}, 2, /missing required argument.*: vm-rejuv replay-samples --help\n$/],
    [['history', 'shop', '--limit', '0'], {}, 2, /Allowed: a whole number from 1 to 1000000\. See what/],
    [['history', 'shop', '--limit', '1e21'], {}, 2, /Allowed: a whole number from 1 to/],
    [['samples', 'shop', '--hours', '1e3'], {}, 2, /Allowed: a number above 0, such as 24/],
  ];
  for (const [args, changed, code, message] of refusals) {
    const ended = await vmRejuv(installation, args, changed);
    expect(ended, args.join(' ')).toMatchObject({ code });
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  }
});

test('the help of skip and abort tells what they mean for a restart and for a fail-over', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  const { stdout } = await vmRejuv(installation, ['skip', '--help']);
  for (const [step, means] of Object.entries(SKIPPABLE)) {
    const kind = STEPS.some((name) => name === step) ? 'clean restart' : 'fail-over';
    expect(stdout).toContain(`${step} (${kind}): ${means}`);
  }
  expect(stdout).toMatch(/In fence it is your word that the machine is off: nobody looks again/);
  expect((await vmRejuv(installation, ['abort', '--help'])).stdout).toMatch(/a fail-over\s+before fence begins/);
});

test('what the parser refuses is JSON for who has asked for that', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  for (const words of [['restart'], ['rejuvenate'], ['status', '--nonsense']]) {
    const ended = await vmRejuv(installation, [...words, '--json']);
    expect(ended).toMatchObject({ code: 2, stderr: '' });
    expect(jsonLines(ended)).toMatchObject([{ error: { code: 'USAGE', remedy: expect.stringContaining('--help') as string } }]);
  }
});

test('a command goes on when nobody reads what it prints any more', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  const child = spawn(process.execPath, [CLI, 'check', '--json'], {
    env: { ...process.env, ...installation.env, VM_REJUV_CONFIG: installation.configFile },
  });
  child.stdout.destroy();
  let complaints = '';
  child.stderr.on('data', (text: Buffer) => (complaints += text.toString()));

  const [code] = (await once(child, 'close')) as [number];

  // No proxy and no worker runs, and nothing else is wrong.
  expect({ code, complaints }).toEqual({ code: 1, complaints: '' });
});

test('a check without secrets says which, and asks the hypervisors all the same', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  const { code, stdout } = await vmRejuv(installation, ['check', '--json'], {
    VM_REJUV_DATABASE_URL: '',
    VM_REJUV_ADMIN_TOKEN: '',
  });
  const found = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { check: string; ok: boolean | null; message?: string });
  expect(code).toBe(1);
  expect(found.filter(({ ok }) => ok === false)).toMatchObject([
    { check: 'the URL of the database is given', message: expect.stringContaining('VM_REJUV_DATABASE_URL') as string },
    { check: 'the admin token is given', message: expect.stringContaining('VM_REJUV_ADMIN_TOKEN') as string },
    { check: expect.stringMatching(/^a worker polls/) as string },
  ]);
  expect(found).toContainEqual(
    expect.objectContaining({ check: expect.stringMatching(/machines are known/) as string, ok: true }),
  );
});

test('a machine that two pools name is refused before it is called known', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  const { configFile, directory } = installation;
  const config = parse(await readFile(configFile, 'utf8')) as { pools: Record<string, Shop> };
  const [[name, shop] = ['', null]] = Object.entries(config.pools);
  if (shop === null) throw new Error('There is no pool.');
  const machines = shop.machines.map(({ driver, ...machine }, index) => {
    const stateDirectory = join(directory, `link-${index}`);
    return { machine: { ...machine, url: `http://127.0.0.1:${index + 1}`, driver: { ...driver, stateDirectory } }, driver };
  });
  for (const { machine, driver } of machines) {
    await mkdir(driver.stateDirectory, { recursive: true });
    await symlink(driver.stateDirectory, machine.driver.stateDirectory);
  }
  const office = { ...shop, machines: machines.map(({ machine }) => machine) };
  await writeFile(configFile, stringify({ ...config, pools: { ...config.pools, office } }));

  const found = jsonLines(await vmRejuv(installation, ['check', '--json'], { VM_REJUV_DATABASE_URL: '' }));

  const known = found.filter(({ check }) => String(check).includes('machines are known'));
  expect(known).toMatchObject([
    { check: `${name}: machines are known to their hypervisor`, ok: true },
    { check: 'office: machines are known to their hypervisor', ok: false, code: 'MACHINE_NAMED_TWICE' },
  ]);
}, 60_000);

test('only commands that ask running servers are sent to those of "up"', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  for (const command of ['proxy', 'worker']) {
    const { code, stderr } = await vmRejuv(installation, [command], { VM_REJUV_ADMIN_TOKEN: '' });
    expect({ command, code }).toEqual({ command, code: 2 });
    expect(stderr).toMatch(/SECRET_MISSING: VM_REJUV_ADMIN_TOKEN/);
    expect(stderr).not.toContain('--data');
  }
});

test('a proxy that only its command line can complete is seen by a check, and stops nobody', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  await appendFile(installation.configFile, stringify({ proxy: { admin: '0.0.0.0:0' } }));
  const checked = await vmRejuv(installation, ['check']);
  // No proxy and no worker runs.
  expect(checked.code).toBe(1);
  expect(checked.stdout).toMatch(/^-- .*a proxy can start by this file alone: not checked, .*--admin-url$/m);
  expect(await vmRejuv(installation, ['status'])).toMatchObject({ code: 0 });
});
