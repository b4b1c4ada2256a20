import { expect, onTestFinished, test } from 'vitest';
import { nodeShop } from '../../demo/node-shop.js';
import type { Database } from '../../state/database.js';
import { openDatabase } from '../../state/database.js';
import { liveProxies } from '../../state/proxy-register.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { vmRejuv } from '../fixtures/vm-rejuv.js';

type Installed = Awaited<ReturnType<typeof createTestInstallation>>['installation'];

async function startOneProxy(): Promise<{
  installation: Installed;
  database: Database;
  proxy: Awaited<ReturnType<Installed['startProxy']>>;
  incarnation: string;
  register: () => Promise<string[]>;
}> {
  const { installation } = await createTestInstallation(nodeShop);
  const database = openDatabase(installation.config.database.url);
  onTestFinished(() => database.end());
  const proxy = await installation.startProxy();
  const register = async (): Promise<string[]> =>
    (await liveProxies(database, installation.pool.name)).map(({ incarnation }) => incarnation);
  return { installation, database, proxy, incarnation: String(proxy.ready['incarnation']), register };
}

test('a proxy whose process runs here is not struck but by force, and then ends itself', async () => {
  const { installation, proxy, incarnation, register } = await startOneProxy();
  const words = ['deregister', installation.pool.name, incarnation];

  const refused = await vmRejuv(installation, words);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(`as process ${proxy.pid}`) as string });
  expect(refused.stderr).toMatch(/^PROXY_ALIVE: .*--force/);
  expect(await register()).toEqual([incarnation]);

  expect(await vmRejuv(installation, [...words, '--force'])).toMatchObject({ code: 0 });
  expect(await proxy.ended).toBe(1);
  expect(await register()).toEqual([]);
});

test('a proxy of another host is not struck while it answers, nor while it cannot be told, and is when it is gone', async () => {
  const { installation, database, proxy, incarnation, register } = await startOneProxy();
  await database.query("update proxy set host = 'elsewhere'");
  const words = ['deregister', installation.pool.name, incarnation];

  expect(await vmRejuv(installation, words)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^PROXY_ALIVE: .*answers at/) as string,
  });
  expect(await vmRejuv(installation, words, { VM_REJUV_ADMIN_TOKEN: 'another' })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^ADMIN_UNAUTHORISED: .*VM_REJUV_ADMIN_TOKEN/) as string,
  });
  expect(await register()).toEqual([incarnation]);

  proxy.signal('SIGKILL');
  await proxy.ended;
  expect(await vmRejuv(installation, words)).toMatchObject({ code: 0 });
  expect(await register()).toEqual([]);
});
