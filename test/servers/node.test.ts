import { nodeShop } from '../../demo/node-shop.js';
import { barrierHolds } from './barrier.js';
import { conforms } from './conformance.js';

/** Longer than a request goes on behind its answer in the test of the barrier. */
const SETTLE_MS = 3500;

conforms({ name: 'node', mechanism: 'shared-store, PostgreSQL', shop: nodeShop });
barrierHolds('node', async (directory, databaseUrl) => {
  const { pool, ...rest } = await nodeShop(directory, databaseUrl);
  return { ...rest, pool: { ...pool, sessions: { ...(pool['sessions'] as object), settleMs: SETTLE_MS } } };
});
