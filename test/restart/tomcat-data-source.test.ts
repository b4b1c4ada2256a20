import { expect, test } from 'vitest';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import { startShopUnderLoad } from '../fixtures/shop-under-load.js';

test('clean restarts move Tomcat sessions that are kept in database tables and lose nothing', async () => {
  const { load, startRestart } = await startShopUnderLoad((directory, sessionsUrl) => tomcatShop(directory, { sessionsUrl }), {
    users: 60,
    rate: 120,
  });

  const { result, report } = await load.during(async () => {
    const there = await startRestart();
    const first = await there.result();
    const back = await startRestart();
    return [first, await back.result()];
  });

  expect(report).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
  expect(result).toMatchObject([
    { to: 'tomcat-b', sessionsNotMoved: 0 },
    { to: 'tomcat-a', sessionsNotMoved: 0 },
  ]);
});
