import { expect, test } from 'vitest';
import { startTestProxy } from '../fixtures/proxy.js';

test('the admin API refuses a call without its token and says how to send it', async () => {
  const { proxy } = await startTestProxy((_request, response) => response.end());

  const answer = await fetch(`${proxy.adminUrl}/pools/shop`, { headers: { authorization: 'Bearer wrong' } });

  expect(answer.status).toBe(401);
  expect(await answer.json()).toMatchObject({
    code: 'ADMIN_UNAUTHORISED',
    remedy: expect.stringContaining('VM_REJUV_ADMIN_TOKEN') as string,
  });
});

test('the admin API names the pool that it serves when asked for another', async () => {
  const { admin } = await startTestProxy((_request, response) => response.end());

  const answer = await admin('/pools/other');

  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ code: 'POOL_UNKNOWN' });
});

test.each([
  ['GET', '/'],
  ['GET', '/pools'],
  ['GET', '/pools/shop/nothing'],
  ['DELETE', '/pools/shop'],
  ['GET', '/shop/cart;jsessionid=secret?token=secret'],
  ['GET', '/%zz'],
])('what the admin API does not have is answered like its other errors: %s %s', async (method, path) => {
  const { proxy } = await startTestProxy((_request, response) => response.end());

  const answer = await fetch(`${proxy.adminUrl}${path}`, { method });

  expect(answer.status).toBe(404);
  const body = (await answer.json()) as Record<string, string>;
  expect(body).toEqual({
    code: 'ADMIN_PATH_UNKNOWN',
    message: `The admin API has no ${method} ${path.replace(/;.*/, '')}.`,
    remedy: expect.stringContaining('/healthz') as string,
  });
});

test('a malformed hold is refused and nothing is held', async () => {
  const { admin, proxy } = await startTestProxy((_request, response) => response.end('served'));

  const answer = await admin('/pools/shop/holds/1', { method: 'PUT', body: JSON.stringify({ scope: 'everything' }) });

  expect(answer.status).toBe(400);
  expect(await (await fetch(proxy.url)).text()).toBe('served');
});

test('health, readiness and metrics need no token', async () => {
  const { proxy } = await startTestProxy((_request, response) => response.end());
  await (await fetch(proxy.url)).text();

  for (const path of ['/healthz', '/readyz']) expect((await fetch(`${proxy.adminUrl}${path}`)).status).toBe(200);
  expect(await (await fetch(`${proxy.adminUrl}/metrics`)).text()).toMatch(/^vm_rejuv_\w+/m);
});

test('a port that is taken is named with its field', async () => {
  const { proxy, pool, database, token } = await startTestProxy((_request, response) => response.end());
  const { startProxy } = await import('../../proxy/start-proxy.js');
  const taken = { host: '127.0.0.1', port: Number(new URL(proxy.url).port) };

  await expect(
    startProxy(
      {
        proxy: {
          ...{ name: 'second', listen: taken, admin: { host: '127.0.0.1', port: 0 }, adminUrl: null, trustedPeers: [] },
          balancedBySession: false,
        },
        ...{ database, adminToken: token },
      },
      pool,
    ),
  ).rejects.toMatchObject({ code: 'PORT_TAKEN', message: expect.stringContaining('proxy.listen') as string });
});

test('a machine that has several virtual hosts gets the canary for the one that is named, and requests for that of the client', async () => {
  const { admin, pool, proxy } = await startTestProxy(({ headers }, response) =>
    response.writeHead(headers.host === 'shop.example' ? 200 : 404).end(headers.host),
  );
  const canary = async (): Promise<unknown> => (await admin('/pools/shop/canary', { method: 'POST', body: '{}' })).json();

  expect(await canary()).toMatchObject({ seen: '/ answered 404 instead of 200' });
  pool.machines[1].host = 'shop.example';
  expect(await canary()).toMatchObject({ seen: null });
  expect(await (await fetch(proxy.url)).text()).toBe(new URL(proxy.url).host);
});
