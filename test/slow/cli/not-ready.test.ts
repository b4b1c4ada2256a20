import { expect, test } from 'vitest';
import type { PoolFile } from '../../../demo/installation.js';
import { nodeShop } from '../../../demo/node-shop.js';
import { createTestInstallation } from '../../fixtures/installation.js';
import { powerOf } from '../../fixtures/power-of.js';
import { jsonLines, statusOf, vmRejuv } from '../../fixtures/vm-rejuv.js';

test('a pool whose active machine is off fails the check as it would fail a restart, and stays off', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  const [primary, standby] = installation.pool.machines;
  await installation.startProxy();
  await installation.startWorker();

  for (const booted of [[], [standby.name]]) {
    if (booted.length > 0) await installation.bootMachines(...booted);
    const checked = await vmRejuv(installation, ['check', '--json']);
    expect(checked.code).toBe(1);
    const lines = jsonLines(checked);
    expect(lines.filter(({ ok }) => ok === false)).toMatchObject([
      { code: 'PRIMARY_NOT_RUNNING', remedy: expect.stringContaining(`vm-rejuv boot ${installation.pool.name}`) as string },
    ]);
    expect(lines.at(-1)).toMatchObject({ ok: null, notChecked: `active machine ${primary.name} is off` });
    expect(await powerOf(installation)).toEqual(['off', booted.length > 0 ? 'on' : 'off']);
  }
}, 60_000);

test('a restart that no worker takes up says so, and goes on when one comes', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  await installation.bootMachines();
  await installation.startProxy();
  const [worker] = jsonLines(await vmRejuv(installation, ['check', '--json'])).filter(({ ok }) => ok === false);
  expect(worker).toMatchObject({ check: expect.stringContaining('a worker polls') as string, code: 'NO_WORKER' });
  expect(worker?.['remedy']).toContain('vm-rejuv worker');

  let said = '';
  const watched = vmRejuv(installation, ['rejuvenate', installation.pool.name, '--watch'], {}, (text) => (said += text));
  await expect.poll(() => said, { timeout: 30_000 }).toContain('NO_WORKER');
  await installation.startWorker();
  expect(await watched).toMatchObject({ code: 0, stdout: expect.stringContaining('Done') as string });
  expect(said.match(/NO_WORKER/g)).toHaveLength(1);
}, 120_000);

test.each(['hot', 'cold'])(
  'a standby that is off is not checked, and that is no failure: %s',
  async (kept) => {
    const shop = async (directory: string, databaseUrl: string): Promise<PoolFile> => {
      const { pool, secrets } = await nodeShop(directory, databaseUrl);
      return { pool: { ...pool, standby: kept }, secrets };
    };
    const { installation } = await createTestInstallation(shop);
    const [primary, standby] = installation.pool.machines;
    await installation.bootMachines(primary.name);
    await installation.startProxy();
    await installation.startWorker();
    const checked = await vmRejuv(installation, ['check', '--json']);
    expect(checked.code).toBe(0);
    const skipped = String(jsonLines(checked).at(-1)?.['notChecked']);
    expect(skipped).toContain(`standby ${standby.name} is off until a clean restart boots it`);
    expect(skipped.includes('vm-rejuv boot')).toBe(kept === 'hot');
    expect(await powerOf(installation)).toEqual(['on', 'off']);
    expect((await statusOf(installation))['machines']).toMatchObject([
      { name: primary.name, answers: true, trouble: null },
      {
        name: standby.name,
        answers: false,
        trouble: kept === 'cold' ? null : (expect.stringContaining('ECONNREFUSED') as string),
      },
    ]);

    // One that is on must answer, as must the primary.
    await installation.bootMachines(standby.name);
    expect(jsonLines(await vmRejuv(installation, ['check', '--json'])).at(-1)).toMatchObject({ ok: true });
  },
  60_000,
);
