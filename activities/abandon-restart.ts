// The undo of steps 1 and 2, up to the point of no return: the pool is as it was, and free.

import { abandonPool, readPool } from '../state/pool.js';
import { currentRun, withAttempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { pairOf } from './deps.js';
import { toFailure } from './errors.js';

/** Resolves with false when the pool was not this run's to give back. */
export async function abandonRestart(deps: ActivityDeps, pool: string): Promise<boolean> {
  const mine = await readPool(deps.database, pool).then(
    (row) => row.run === currentRun(),
    () => false,
  );
  if (!mine) return false;
  return withAttempt(deps, pool, async (attempt) => {
    if (!(await abandonPool(deps.database, pool, attempt.writer.run))) return false;
    if (attempt.pool.standby === 'cold')
      await attempt.driver.stop(pairOf(attempt.pool, attempt.row).standby.name, { signal: attempt.signal });
    // Proxies learn the epoch by notification; asking them is a courtesy that must not keep the pool.
    await attempt.proxies.reports().catch(() => []);
    return true;
  }).catch((error: unknown) => {
    throw toFailure(error);
  });
}
