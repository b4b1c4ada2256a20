// Step 4 of a fail-over: the standby is the active machine, and every proxy knows.

import { failOverPool } from '../../state/pool.js';
import { withAttempt } from '../attempt.js';
import type { ActivityDeps } from '../deps.js';

export async function route(deps: ActivityDeps, pool: string, to: string): Promise<void> {
  await withAttempt(deps, pool, async (attempt) => {
    await attempt.guard();
    const { epoch } = await failOverPool(deps.database, attempt.writer, to);
    await attempt.proxies.pastReturn().allReport(epoch, attempt.signal);
  });
}
