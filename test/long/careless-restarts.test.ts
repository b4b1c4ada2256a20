// Negative controls: were they to pass unseen, test/restart/tomcat.test.ts would prove nothing. Each leaves out one thing and does the others.

import { expect, test } from 'vitest';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import type { WindowReport } from '../../demo/load/report.js';
import { restartWithout } from '../fixtures/careless-restart.js';
import { startShopUnderLoad } from '../fixtures/shop-under-load.js';

test.each([
  ['holds', ({ sessionsLost, updatesLost }: WindowReport) => sessionsLost + updatesLost],
  ['swap', ({ sessionsLost, updatesLost }: WindowReport) => sessionsLost + updatesLost],
  ['drain', ({ failed }: WindowReport) => failed],
] as const)('a restart without %s loses something, and the users see it', async (omission, lost) => {
  const { installation, load } = await startShopUnderLoad((directory) => tomcatShop(directory), {
    users: 100,
    rate: 200,
    slowMs: 4000,
    slowShare: 0.05,
  });

  const { report } = await load.during(() => restartWithout(omission, installation));

  expect(lost(report)).toBeGreaterThan(0);
});
