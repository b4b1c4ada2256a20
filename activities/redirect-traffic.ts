// Step 2: every proxy obeys recorded owners, then sends requests without a session to the standby. The point of no return.

import { openPool, readPool, startMoving } from '../state/pool.js';
import { withAttempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';

export async function redirectTraffic(deps: ActivityDeps, pool: string): Promise<void> {
  await withAttempt(deps, pool, async ({ deps: { database }, writer, proxies, guard, signal }) => {
    await guard();
    let row = await readPool(database, pool);
    if (row.phase === 'steady') row = await openPool(database, writer);
    await proxies.allReport(row.epoch, signal);
    if (row.phase === 'opening') await proxies.canary(row.standby, signal);
    if (row.phase === 'opening') row = await startMoving(database, writer);
    await proxies.pastReturn().allReport(row.epoch, signal);
  });
}
