import { expect, test } from 'vitest';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import type { WindowReport } from '../../demo/load/report.js';
import { restartWithout } from '../fixtures/careless-restart.js';
import { startShopUnderLoad } from '../fixtures/shop-under-load.js';

test.each([
  ['files', (directory: string) => tomcatShop(directory)],
  ['database tables', (directory: string, sessionsUrl: string) => tomcatShop(directory, { sessionsUrl })],
])('clean restarts there and back move real Tomcat sessions in %s behind two proxies and lose nothing', async (_store, shop) => {
  const { load, startRestart } = await startShopUnderLoad(shop, { proxies: 2, users: 100, rate: 200 });

  const { result, report } = await load.during(async () => {
    const there = await startRestart();
    const first = await there.result();
    const back = await startRestart();
    return [first, await back.result()];
  });

  expect(report).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
  expect(result).toMatchObject([
    { from: 'tomcat-a', to: 'tomcat-b', sessionsNotMoved: 0 },
    { from: 'tomcat-b', to: 'tomcat-a', sessionsNotMoved: 0 },
  ]);
  expect(result[0]?.sessionsMoved).toBeGreaterThanOrEqual(90);
});

// Negative controls: were they to pass unseen, the test above would prove nothing. Each leaves out one thing and does the others.
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
