import { expect, onTestFinished, test } from 'vitest';
import { startLoad } from '../../demo/load/start-load.js';

const NOBODY = 'http://127.0.0.1:9';

test('a load that ends by itself is an error of what is measured, not an uncaught exception', async () => {
  const load = startLoad({ origins: [NOBODY], users: 1, rate: 10, seed: 1, maxSeconds: 1, slowMs: 0, slowShare: 0 });
  onTestFinished(() => load.stop());
  await expect(load.during(() => new Promise(() => undefined))).rejects.toThrow('The load has ended');
  await expect(load.during(() => Promise.resolve())).rejects.toThrow('The load has ended');
  await load.stop();
});
