// The undo of steps 1 and 2, up to the point of no return: the pool is as it was, and free.

import { OperatorError } from '../config/operator-error.js';
import { abandonPool, readPool } from '../state/pool.js';
import type { FailureRecord } from '../workflows/failure-record.js';
import { currentRun, withAttempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { pairOf } from './deps.js';
import { toFailure } from './errors.js';
import { stopInTime } from './hypervisor/in-time.js';

/** `past-return`: the standby may have sessions of its own by now, so the run has to go on. */
export type Abandoned = 'given-back' | 'past-return';

/** What runs of an earlier version do not tell. */
const UNKNOWN: FailureRecord = { code: 'RESTART_FAILED', message: 'The Temporal UI has the reason.' };

export async function abandonRestart(deps: ActivityDeps, pool: string, failure = UNKNOWN): Promise<Abandoned> {
  const row = await readPool(deps.database, pool).catch((error: unknown) => {
    // What has made the restart fail says so better than its undo could.
    if (error instanceof OperatorError && error.code === 'POOL_UNKNOWN') return null;
    throw toFailure(error);
  });
  // Not there, never taken, or given back by an attempt whose answer was lost.
  if (row?.run !== currentRun()) return 'given-back';
  if (row.phase === 'moving' || row.phase === 'sealed') return 'past-return';
  return withAttempt(deps, pool, async (attempt) => {
    if (attempt.pool.standby === 'cold') {
      // While the pool is still ours: afterwards the machine may be another run's. That it stays on must not keep the pool; docs/faults.md
      // tells what a hypervisor may do that stops it later still.
      await stopInTime(pairOf(attempt.pool, attempt.row).standby, attempt).catch(() => undefined);
    }
    if (!(await abandonPool(deps.database, pool, attempt.writer.run, failure))) return 'past-return';
    // Proxies learn the epoch by notification; asking them is a courtesy that must not keep the pool.
    await attempt.proxies.reports().catch(() => []);
    return 'given-back';
  });
}
