import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { abandonRestart } from '../../activities/abandon-restart.js';
import { redirectTraffic } from '../../activities/redirect-traffic.js';
import type { PoolConfig } from '../../config/types.js';
import { readPool } from '../../state/pool.js';
import { currentProcess } from '../../state/process-identity.js';
import { registerProxy } from '../../state/proxy-register.js';
import { startAttempts } from '../fixtures/attempts.js';
import { MockActivityEnvironment } from '@temporalio/testing';

test('a standby that a proxy cannot reach is found before the point of no return, and the pool goes back', async () => {
  const { deps, servers, store } = await startAttempts((_request, response) => response.end(), {}, 'steady');
  servers[1].closeAllConnections();
  servers[1].close();

  await expect(new MockActivityEnvironment().run(() => redirectTraffic(deps, 'shop'))).rejects.toMatchObject({
    type: 'STANDBY_UNREACHABLE',
    message: expect.stringContaining('Proxy test') as string,
  });

  expect(await readPool(store, 'shop')).toMatchObject({ phase: 'opening' });
  expect(await new MockActivityEnvironment().run(() => abandonRestart(deps, 'shop'))).toBe('given-back');
  // An attempt whose answer was lost is asked again.
  expect(await new MockActivityEnvironment().run(() => abandonRestart(deps, 'shop'))).toBe('given-back');
  expect(await readPool(store, 'shop')).toMatchObject({ phase: 'steady', run: null, active: 'a' });
});

test.each([
  [
    'looks for ids elsewhere',
    { sessionId: { cookies: ['JSESSIONID'] } },
    'sessionId.cookies ["sid"], and here it is ["JSESSIONID"]',
  ],
  ['lets requests of a session pass at once', { sessions: { oneRequestAtATime: true } }, 'sessions.oneRequestAtATime false'],
])('a proxy that %s as its configuration of before has it is found before the point of no return', async (_what, now, told) => {
  const { deps, store, pool } = await startAttempts((_request, response) => response.end(), {}, 'steady');
  const { sessionId, sessions } = now as Partial<PoolConfig>;
  const changed = { ...pool, sessionId: { ...pool.sessionId, ...sessionId }, sessions: { ...pool.sessions, ...sessions } };
  deps.config.pools = { shop: changed };

  await expect(new MockActivityEnvironment().run(() => redirectTraffic(deps, 'shop'))).rejects.toMatchObject({
    type: 'PROXY_DIFFERS',
    message: expect.stringContaining(`Proxy test of pool shop was started with pools.shop.${told}`) as string,
  });
  expect(await readPool(store, 'shop')).toMatchObject({ phase: 'opening' });
});

test('a proxy that is out of reach just past the point of no return is waited for, and is no matter for an operator', async () => {
  const { deps, store } = await startAttempts((_request, response) => response.end(), {}, 'steady');
  const incarnation = randomUUID();
  const server = createServer((_request, response) => {
    void readPool(store, 'shop').then(({ phase, epoch }) =>
      phase === 'moving' ? response.destroy() : response.end(JSON.stringify({ incarnation, epoch, seen: null })),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const adminUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await registerProxy(store, 'shop', { incarnation, name: 'far', adminUrl, ...currentProcess() });

  await expect(new MockActivityEnvironment().run(() => redirectTraffic(deps, 'shop'))).rejects.toMatchObject({
    type: 'PROXY_UNREACHABLE',
    nonRetryable: false,
  });

  expect(await readPool(store, 'shop')).toMatchObject({ phase: 'moving' });
}, 20_000);

test('past the point of no return nothing is given back', async () => {
  const { deps, store } = await startAttempts((_request, response) => response.end());

  expect(await new MockActivityEnvironment().run(() => abandonRestart(deps, 'shop'))).toBe('past-return');
  expect(await readPool(store, 'shop')).toMatchObject({ phase: 'moving' });
});
