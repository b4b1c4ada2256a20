import { expect, test } from 'vitest';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import { STEPS } from '../../workflows/steps.js';
import { startShopUnderLoad } from '../fixtures/shop-under-load.js';
import { killWorkerInEachStep } from '../fixtures/worker-killer.js';

const TIMEOUT_MS = 600_000;

test(
  'Tomcats behind two proxies lose nothing when the worker is killed in each step',
  async () => {
    const shop = await startShopUnderLoad((directory) => tomcatShop(directory), {
      proxies: 2,
      users: 200,
      rate: 300,
      maxSeconds: TIMEOUT_MS / 1000,
    });

    const { killedIn, report } = await killWorkerInEachStep(shop);

    console.log(JSON.stringify(report));
    expect(killedIn).toEqual(STEPS);
    expect(report).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
  },
  TIMEOUT_MS,
);
