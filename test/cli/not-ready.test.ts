import { expect, test } from 'vitest';
import type { PoolFile } from '../../demo/installation.js';
import { nodeShop } from '../../demo/node-shop.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { jsonLines, vmRejuv } from '../fixtures/vm-rejuv.js';

test('a restart that no worker takes up says so, and goes on when one comes', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  await installation.bootMachines();
  await installation.startProxy();
  const [worker] = jsonLines(await vmRejuv(installation, ['check', '--json'])).filter(({ ok }) => ok === false);
  expect(worker).toMatchObject({ check: expect.stringContaining('a worker polls') as string, code: 'NO_WORKER' });
  expect(worker?.['message']).toContain('vm-rejuv worker');

  let said = '';
  const watched = vmRejuv(installation, ['rejuvenate', installation.pool.name, '--watch'], {}, (text) => (said += text));
  await expect.poll(() => said, { timeout: 30_000 }).toContain('NO_WORKER');
  await installation.startWorker();
  expect(await watched).toMatchObject({ code: 0, stdout: expect.stringContaining('Done') as string });
  expect(said.match(/NO_WORKER/g)).toHaveLength(1);
}, 120_000);

test('a cold standby that is off is not checked, and that is no failure', async () => {
  const shop = async (directory: string, databaseUrl: string): Promise<PoolFile> => {
    const { pool, secrets } = await nodeShop(directory, databaseUrl);
    return { pool: { ...pool, standby: 'cold' }, secrets };
  };
  const { installation } = await createTestInstallation(shop);
  const [primary, standby] = installation.pool.machines;
  await installation.bootMachines(primary.name);
  await installation.startProxy();
  await installation.startWorker();
  const checked = await vmRejuv(installation, ['check', '--json']);
  expect(checked.code).toBe(0);
  expect(jsonLines(checked).at(-1)).toMatchObject({ ok: null, notChecked: `standby ${standby.name} is off` });

  // One that is on must answer, as must the primary.
  await installation.bootMachines(standby.name);
  expect(jsonLines(await vmRejuv(installation, ['check', '--json'])).at(-1)).toMatchObject({ ok: true });
}, 60_000);
