import { expect, test } from 'vitest';
import { describeOutcome } from '../../cli/restart-outcome.js';
import { nodeShop } from '../../demo/node-shop.js';
import { restartWithout } from '../fixtures/careless-restart.js';
import { startShopUnderLoad } from '../fixtures/shop-under-load.js';

test('a clean restart under load loses nothing with sessions in a shared store', async () => {
  const { load, startRestart } = await startShopUnderLoad(nodeShop);

  const { result, report } = await load.during(async () => {
    const handle = await startRestart();
    return handle.result();
  });

  expect(report).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
  expect(result).toMatchObject({ from: 'node-a', to: 'node-b', sessionsNotMoved: 0 });
  expect(result.sessionsMoved).toBeGreaterThan(0);
  const { before, after, standby } = result.memoryBytes ?? {};
  for (const bytes of [before, after, standby]) expect(bytes).toBeGreaterThan(5 * 2 ** 20);
  expect(before).not.toBe(after);
  expect(describeOutcome(result)).toMatch(/memory of node-a \d+ MiB -> \d+ MiB, of node-b \d+ MiB/);
});

test('without holds updates are lost, and the users see it', async () => {
  const { installation, load } = await startShopUnderLoad(nodeShop, { slowMs: 4000, slowShare: 0.05, rate: 200 });

  const { report } = await load.during(() => restartWithout('holds', installation));

  expect(report.updatesLost + report.sessionsLost).toBeGreaterThan(0);
});
