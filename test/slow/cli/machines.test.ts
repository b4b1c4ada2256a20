import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { PoolFile } from '../../../demo/installation.js';
import { nodeShop } from '../../../demo/node-shop.js';
import { openDatabase } from '../../../state/database.js';
import { currentProcess } from '../../../state/process-identity.js';
import { createTestInstallation } from '../../fixtures/installation.js';
import { obstinateShop } from '../../fixtures/obstinate-shop.js';
import { powerOf } from '../../fixtures/power-of.js';
import { jsonLines, LOOKING, statusOf, vmRejuv } from '../../fixtures/vm-rejuv.js';

interface Driver {
  command: string[];
  cwd?: string;
  env: Record<string, string>;
}

type Shop = Parameters<typeof createTestInstallation>[0];

/** The Node shop with another driver for the machine that is active first. */
function shopWith(change: (driver: Driver) => void): Shop {
  return async (directory, databaseUrl): Promise<PoolFile> => {
    const shop = await nodeShop(directory, databaseUrl);
    const [{ driver }] = shop.pool['machines'] as [{ driver: Driver }];
    change(driver);
    return { ...shop, pool: { ...shop.pool, standby: 'cold' } };
  };
}

test.each([
  ['command', (driver: Driver) => void (driver.command = ['/nowhere/java'])],
  ['command', (driver: Driver) => void (driver.command = ['no-such-program'])],
  ['cwd', (driver: Driver) => void (driver.cwd = '/nowhere')],
])(
  'a machine that could not be started is found out by check and by boot, before anything happens: %s',
  async (field, change) => {
    const { installation } = await createTestInstallation(shopWith(change));

    const [found] = jsonLines(await vmRejuv(installation, ['check', '--json'])).filter(
      ({ code }) => code === 'MACHINE_NOT_STARTABLE',
    );
    expect(found).toMatchObject({
      ok: false,
      message: expect.stringContaining(`node-a could not be started: driver.${field} `) as string,
      remedy: expect.stringContaining(`driver.${field}`) as string,
    });
    expect(await vmRejuv(installation, ['boot'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('MACHINE_NOT_STARTABLE') as string,
    });
  },
);

test('a standby that could not be started fails a restart at once', async () => {
  const { installation, startRestart } = await createTestInstallation(async (directory, databaseUrl) => {
    const shop = await nodeShop(directory, databaseUrl);
    const [, { driver }] = shop.pool['machines'] as [unknown, { driver: Driver }];
    driver.command = ['/nowhere/java'];
    return shop;
  });
  await installation.bootMachines('node-a');
  await installation.startProxy();
  await installation.startWorker();

  const failure: unknown = await (await startRestart()).result().catch((error: unknown) => error);

  const cause = failure instanceof Error ? (failure.cause as Error).cause : undefined;
  expect(cause).toMatchObject({ type: 'MACHINE_NOT_STARTABLE', message: expect.stringContaining('node-b') as string });
});

test('boot says what it waits for, and of a machine that has ended at once that it has, and where its output is', async () => {
  const { installation } = await createTestInstallation(
    shopWith((driver) => void (driver.command = ['sh', '-c', 'echo no luck; sleep 1; exit 3'])),
  );

  const { code, stderr } = await vmRejuv(installation, ['boot']);

  expect(code).toBe(1);
  expect(stderr).toMatch(/^ {2}node-a: \/shop\/health did not answer (\(\w+\)|within \d+ s); waits up to 60 s$/m);
  expect(stderr).toMatch(/^MACHINE_NOT_READY: Machine node-a did not get ready: it has ended; .* Read its own output, /m);
  const [log = ''] = /\S+node-a\.log/.exec(stderr) ?? [];
  expect(await readFile(log, 'utf8')).toBe('no luck\n');
});

test('boot says of a machine that runs that it was started in another way than is configured by now', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  expect(jsonLines(await vmRejuv(installation, ['boot', '--json']))).toMatchObject([
    { asConfigured: true },
    { asConfigured: true },
  ]);
  const file = parse(await readFile(installation.configFile, 'utf8')) as {
    pools: Record<string, { machines: [{ driver: Driver }] }>;
  };
  const { machines } = Object.values(file.pools)[0] ?? { machines: [] };
  if (machines[0] !== undefined) machines[0].driver.env['MORE'] = 'memory';
  await writeFile(installation.configFile, stringify(file));

  const again = await vmRejuv(installation, ['boot']);

  expect(again.code).toBe(0);
  expect(again.stdout).toMatch(/node-a runs .*its next restart applies that\n.*node-b runs at \S+\n$/);
});

test('check does not fail because of a restart that runs, and takes nothing from it', async () => {
  const { shop, block, clear } = obstinateShop();
  const { installation, startRestart } = await createTestInstallation(shop);
  await installation.bootMachines('node-a');
  await installation.startProxy();
  await installation.startWorker();
  await block();
  const handle = await startRestart();
  await expect.poll(() => statusOf(installation), LOOKING).toMatchObject({ step: 'bootStandby' });

  const checked = await vmRejuv(installation, ['check', '--json']);

  expect(checked.code).toBe(0);
  expect(jsonLines(checked).at(-1)).toMatchObject({ ok: null, notChecked: expect.stringContaining('has the pool') as string });
  await clear();
  expect((await handle.result()).to).toBe('node-b');
});

test('status tells how the machines are', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  await installation.bootMachines('node-a');

  expect(jsonLines(await vmRejuv(installation, ['status', '--json']))[0]).toMatchObject({
    machines: [
      { name: 'node-a', trouble: null },
      { name: 'node-b', trouble: expect.stringContaining('/shop/health ') as string },
    ],
  });
  expect((await vmRejuv(installation, ['status'])).stdout).toMatch(
    /machine node-a at \S+: healthy\n.*machine node-b \S+ \S+ not healthy, asked from here: \/shop\/health /,
  );
});

test('the machines of a pool are stopped by a command, but not under traffic', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  const { name } = installation.pool;
  const database = openDatabase(installation.config.database.url);
  onTestFinished(() => database.end());
  await installation.bootMachines();
  const proxy = await installation.startProxy();

  expect(await vmRejuv(installation, ['stop', name])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^POOL_IN_USE: .*proxy-1 sends it traffic.*--force/) as string,
  });
  expect(await powerOf(installation)).toEqual(['on', 'on']);
  await proxy.stop();

  // Without a database nobody can tell, but after the end of an `up`, whose database has ended as well.
  const data = join(installation.directory, 'data');
  const nothingNamed = { VM_REJUV_DATABASE_URL: '', VM_REJUV_ADMIN_TOKEN: '' };
  expect(await vmRejuv(installation, ['stop', name, '--data', data], nothingNamed)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^POOL_IN_USE: .*--force/) as string,
  });
  expect(await powerOf(installation)).toEqual(['on', 'on']);
  await mkdir(data);
  await writeFile(join(data, 'up.json'), JSON.stringify({ process: { ...currentProcess(), startTime: '1' } }));
  const stopped = await vmRejuv(installation, ['stop', name, '--json', '--data', data], nothingNamed);
  expect(stopped.code).toBe(0);
  expect(jsonLines(stopped)).toMatchObject([
    { machine: 'node-a', power: 'off' },
    { machine: 'node-b', power: 'off' },
  ]);
  expect(await powerOf(installation)).toEqual(['off', 'off']);
});
