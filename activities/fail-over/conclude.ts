// The end of a fail-over: its result is written, and the pool is free.

import { releasePool } from '../../state/pool.js';
import { withAttempt } from '../attempt.js';
import type { ActivityDeps } from '../deps.js';
import { earlierResult } from '../earlier-result.js';
import type { FailOverPair } from './prepare-standby.js';
import type { Rescued } from './rescue-sessions.js';

export interface FailOverOutcome extends FailOverPair {
  failedOver: Rescued & {
    /** Why, or null. */
    reason: string | null;
    /** Whether the machine that had failed is the standby by now, or, of a cold pool, off and free for it. */
    isBack: boolean;
  };
  /** Who has begun it; absent in results of workers that did not tell. */
  begunBy?: string;
  /** The whole fail-over. */
  tookMs: number;
}

export interface ConcludeInput extends FailOverPair {
  pool: string;
  failedOver: FailOverOutcome['failedOver'];
  /** When the fail-over began, in ms since 1970 by Temporal's clock. */
  startedAtMs: number;
  begunBy?: string;
}

export async function concludeFailOver(
  deps: ActivityDeps,
  { pool, from, to, failedOver, startedAtMs, begunBy }: ConcludeInput,
): Promise<FailOverOutcome> {
  const done = await earlierResult<FailOverOutcome>(deps);
  if (done !== null) return done;
  return withAttempt(deps, pool, async (attempt) => {
    const tookMs = Math.max(0, Date.now() - startedAtMs);
    const outcome = { from, to, failedOver, ...(begunBy === undefined ? {} : { begunBy }), tookMs };
    await attempt.guard();
    await releasePool(deps.database, attempt.writer, outcome);
    return outcome;
  });
}
