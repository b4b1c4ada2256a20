import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ProxyFleet } from '../../activities/proxy-fleet.js';
import { openDatabase } from '../../state/database.js';
import { registerProxy } from '../../state/proxy-register.js';
import { startTestProxy } from '../fixtures/proxy.js';

test('a proxy that has another admin token says so, and is not told to be gone', async () => {
  const { pool, database: test } = await startTestProxy((_request, response) => response.end());
  const database = openDatabase(test.url);
  try {
    await expect(new ProxyFleet(database, pool.name, 'another').reports()).rejects.toMatchObject({
      code: 'ADMIN_UNAUTHORISED',
      remedy: expect.stringContaining('VM_REJUV_ADMIN_TOKEN') as string,
    });
  } finally {
    await database.end();
  }
});

test.each([
  ['another service', { error: 'no such page' }],
  ['a proxy of another pool', { code: 'POOL_UNKNOWN', message: 'This proxy does not serve pool "shop".', remedy: '' }],
])('%s at the address of a proxy that is gone does not keep an operator from striking it', async (_name, answer) => {
  const other = createServer((_request, response) => {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const { pool, database: test, token } = await startTestProxy((_request, response) => response.end());
  const database = openDatabase(test.url);
  try {
    const identity = { host: 'host/earlier boot', pid: 1, startTime: '1' };
    const gone = { ...identity, name: 'gone', incarnation: randomUUID(), adminUrl: `http://127.0.0.1:${port}` };
    await registerProxy(database, pool.name, gone);
    const fleet = new ProxyFleet(database, pool.name, token);

    expect(await fleet.answers(gone)).toBe(false);
    await expect(fleet.reports()).rejects.toMatchObject({
      code: 'PROXY_UNREACHABLE',
      remedy: expect.stringContaining(`vm-rejuv deregister shop ${gone.incarnation}`) as string,
    });
  } finally {
    await database.end();
  }
});

test('a proxy at the address of a predecessor that left without goodbye does not pass for it', async () => {
  const { proxy, pool, database: test, token } = await startTestProxy((_request, response) => response.end());
  const database = openDatabase(test.url);
  const fleet = new ProxyFleet(database, pool.name, token);
  try {
    expect(await fleet.allReport(0, AbortSignal.timeout(10_000))).toMatchObject([{ incarnation: proxy.incarnation }]);

    // Before its host was rebooted: nothing on the host that runs now proves that it is gone.
    const before = { name: 'test', host: 'host/earlier boot', pid: 1, startTime: '1' };
    const incarnation = randomUUID();
    await registerProxy(database, pool.name, { ...before, incarnation, adminUrl: proxy.adminUrl });

    await expect(fleet.allReport(0, AbortSignal.timeout(10_000))).rejects.toMatchObject({
      code: 'PROXY_UNREACHABLE',
      message: expect.stringContaining(`another one answers at ${proxy.adminUrl}`) as string,
      remedy: expect.stringContaining(incarnation) as string,
    });
  } finally {
    await database.end();
  }
});
