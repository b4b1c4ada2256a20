import { expect, test } from 'vitest';
import { abandonRestart } from '../../activities/abandon-restart.js';
import { redirectTraffic } from '../../activities/redirect-traffic.js';
import { readPool } from '../../state/pool.js';
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

test('past the point of no return nothing is given back', async () => {
  const { deps, store } = await startAttempts((_request, response) => response.end());

  expect(await new MockActivityEnvironment().run(() => abandonRestart(deps, 'shop'))).toBe('past-return');
  expect(await readPool(store, 'shop')).toMatchObject({ phase: 'moving' });
});
