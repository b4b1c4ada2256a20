// Step 2: every proxy obeys recorded owners, then sends requests without a session to the standby. The point of no return.

import { openPool, readPool, startMoving } from '../state/pool.js';
import { mustBeAlike } from './alike.js';
import { withAttempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';

export async function redirectTraffic(deps: ActivityDeps, pool: string): Promise<void> {
  await withAttempt(deps, pool, async ({ deps: { database }, pool: config, writer, proxies, guard, signal }) => {
    await guard();
    let row = await readPool(database, pool);
    if (row.phase === 'steady') row = await openPool(database, writer);
    const reports = await proxies.allReport(row.epoch, signal);
    // One may have been started since the standby was booted.
    if (row.phase === 'opening') mustBeAlike(config, reports);
    if (row.phase === 'opening') await proxies.canary(row.standby, signal);
    if (row.phase === 'opening') row = await startMoving(database, writer);
    await proxies.pastReturn().allReport(row.epoch, signal);
  });
}
