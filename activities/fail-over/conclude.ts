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
  /** The whole fail-over. */
  tookMs: number;
}

export interface ConcludeInput extends FailOverPair {
  pool: string;
  failedOver: FailOverOutcome['failedOver'];
  /** When the fail-over began, in ms since 1970 by Temporal's clock. */
  startedAtMs: number;
}

export async function concludeFailOver(
  deps: ActivityDeps,
  { pool, from, to, failedOver, startedAtMs }: ConcludeInput,
): Promise<FailOverOutcome> {
  const done = await earlierResult<FailOverOutcome>(deps);
  if (done !== null) return done;
  return withAttempt(deps, pool, async (attempt) => {
    const outcome = { from, to, failedOver, tookMs: Math.max(0, Date.now() - startedAtMs) };
    await attempt.guard();
    await releasePool(deps.database, attempt.writer, outcome);
    return outcome;
  });
}
