import { expect, test } from 'vitest';
import { nodeShop } from '../../demo/node-shop.js';
import { STEPS } from '../../workflows/steps.js';
import { startShopUnderLoad } from '../fixtures/shop-under-load.js';
import { killWorkerInEachStep } from '../fixtures/worker-killer.js';

test('a restart goes on and loses nothing when its worker is killed in each of its steps', async () => {
  const shop = await startShopUnderLoad(nodeShop, { users: 40, rate: 100, maxSeconds: 220 });

  const { killedIn, report } = await killWorkerInEachStep(shop);

  expect(killedIn).toEqual(STEPS);
  expect(report).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
});
