import { expect, test } from 'vitest';
import { makeIdleSessions } from '../../demo/load/idle-sessions.js';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import { startShopUnderLoad } from '../fixtures/shop-under-load.js';

const IDLE = 10_000;

test('10,000 idle sessions move beside 200 hot users, and nobody loses anything', async () => {
  const { load, origins, startRestart } = await startShopUnderLoad((directory) => tomcatShop(directory), {
    ...{ users: 200, rate: 300, maxSeconds: 280 },
  });
  const idle = await makeIdleSessions(origins[0] ?? '', IDLE);

  const { report, result } = await load.during(async () => (await startRestart()).result());
  const lost = await idle.verify();

  console.log(`${IDLE} idle: ${JSON.stringify({ steps: result.steps, holdMs: result.holdMs, report })}`);
  expect(result.sessionsMoved).toBeGreaterThanOrEqual(IDLE + 190);
  expect(lost).toBe(0);
  expect(report).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
}, 300_000);
