import { expect, test } from 'vitest';
import { whileRunning } from '../../demo/while-running.js';
import { nodeShop } from '../../demo/node-shop.js';
import { STEPS } from '../../workflows/steps.js';
import { startShopUnderLoad } from '../fixtures/shop-under-load.js';

const TIMEOUT_MS = 180_000;

test(
  'a restart goes on and loses nothing when its worker is killed in each of its steps',
  async () => {
    const shop = await startShopUnderLoad(nodeShop, { users: 40, rate: 100, maxSeconds: 170 });
    const { installation, load, startRestart } = shop;
    let { worker } = shop;
    const killedIn: string[] = [];

    const { report } = await load.during(async () => {
      for (const step of STEPS) {
        for (let tries = 0; tries < 3 && !killedIn.includes(step); tries++) {
          const handle = await startRestart();
          if (await whileRunning(step, handle, () => worker.signal('SIGKILL'), AbortSignal.timeout(60_000))) {
            worker = await installation.startWorker(`worker-after-${step}`);
            killedIn.push(step);
          }
          const { steps } = await handle.result();
          expect(steps.map(({ name }) => name)).toEqual(STEPS);
        }
      }
    });

    expect(killedIn).toEqual(STEPS);
    expect(report).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
  },
  TIMEOUT_MS,
);
