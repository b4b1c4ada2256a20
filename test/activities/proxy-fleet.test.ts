import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
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
