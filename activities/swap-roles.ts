// Step 6: the standby is the active machine, settings are back to normal, and the pool is free for its next restart.

import { quantile } from './quantile.js';
import { readPool, readResult, swapPool } from '../state/pool.js';
import { standbyKeys } from '../state/session-owner.js';
import { currentRun, withAttempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { pairOf } from './deps.js';
import { toFailure } from './errors.js';
import { stopInTime } from './hypervisor/in-time.js';

export interface RestartOutcome {
  from: string;
  to: string;
  /** Sessions that are the new active machine's: handed over, or begun there while the pool moved. */
  sessionsMoved: number;
  holdMs: { p50: number; p99: number; max: number };
  /** Requests answered 503 because their session's owner was not decided in time. */
  holdsExpired: number;
  /** The whole restart; absent in results of workers that did not count it. */
  tookMs?: number;
  /** There when an operator has skipped `restartPrimary`: the old active machine is as aged as it was. `reason` is what was said of it, or null. */
  skipped?: { reason: string | null };
}

export interface SwapInput {
  pool: string;
  /** When the restart began, in ms since 1970 by Temporal's clock; workflows of before do not tell. */
  startedAtMs?: number;
  skipped?: { reason: string | null };
}

export async function swapRoles(deps: ActivityDeps, { pool, startedAtMs, skipped }: SwapInput): Promise<RestartOutcome> {
  try {
    const done = (await readResult(deps.database, currentRun())) as RestartOutcome | null;
    // The proxies learn the epoch by themselves; the attempt that wrote it has only not seen them do so.
    if (done !== null) return done;
  } catch (error) {
    throw toFailure(error);
  }
  return withAttempt(deps, pool, async (attempt) => {
    const pair = pairOf(attempt.pool, attempt.row);
    await attempt.mechanism.end(pair, attempt);
    if (attempt.pool.standby === 'cold') await stopInTime(pair.primary, attempt);
    const times = await attempt.proxies.holdTimes();
    const waits = times.flatMap((one) => one.waitsMs).sort((a, b) => a - b);
    const outcome: RestartOutcome = {
      from: pair.primary.name,
      to: pair.standby.name,
      sessionsMoved: (await standbyKeys(deps.database, pool)).size,
      holdMs: { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), max: quantile(waits, 1) },
      holdsExpired: times.reduce((sum, one) => sum + one.expired, 0),
      ...(startedAtMs === undefined ? {} : { tookMs: Math.max(0, Date.now() - startedAtMs) }),
      ...(skipped === undefined ? {} : { skipped }),
    };
    await attempt.guard();
    await swapPool(deps.database, attempt.writer, outcome);
    await attempt.proxies.allReport((await readPool(deps.database, pool)).epoch, attempt.signal);
    return outcome;
  });
}
