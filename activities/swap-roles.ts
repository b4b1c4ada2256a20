// Step 6: the standby is the active machine, settings are back to normal, and the pool is free for its next restart.

import { readPool, swapPool } from '../state/pool.js';
import { standbyKeys } from '../state/session-owner.js';
import type { RunOrigin } from '../workflows/run-origin.js';
import type { Attempt } from './attempt.js';
import { withAttempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { pairOf } from './deps.js';
import { earlierResult } from './earlier-result.js';
import type { Holds } from './holds.js';
import { holdsSoFar } from './holds.js';
import { hasBooted } from './hypervisor/incarnation.js';
import { stopInTime } from './hypervisor/in-time.js';
import type { RestartedPrimary, RestartMemory } from './restart-primary.js';

export interface RestartOutcome extends Holds {
  from: string;
  to: string;
  /** Sessions that are the new active machine's: handed over, or begun there while the pool moved. */
  sessionsMoved: number;
  /** Why, and who has begun it; absent in results of workers that did not tell. */
  reason?: string | null;
  begunBy?: string;
  /** The whole restart; absent in results of workers that did not count it. */
  tookMs?: number;
  /** Absent when `restartPrimary` was skipped, and in results of workers that did not ask. */
  memoryBytes?: RestartMemory;
  /** There when the old active machine did not get ready from a fresh disk, and runs from the one of before. */
  rolledBack?: true;
  /** There when an operator has gone on without `restartPrimary`. */
  skipped?: {
    /** What was said of it, or null. */
    reason: string | null;
    /** Whether the old active machine runs in a new incarnation all the same; null when it is off or nobody can tell. */
    restarted?: boolean | null;
  };
}

export interface SwapInput extends Partial<RestartedPrimary> {
  pool: string;
  /** When the restart began, in ms since 1970 by Temporal's clock; workflows of before do not tell. */
  startedAtMs?: number;
  origin?: RunOrigin;
  /** `before` is the old active machine's incarnation when `restartPrimary` first began; absent when it did not get to know it. */
  skipped?: { reason: string | null; before?: string | null };
}

export async function swapRoles(deps: ActivityDeps, input: SwapInput): Promise<RestartOutcome> {
  const { pool, startedAtMs, origin, memoryBytes, rolledBack, skipped } = input;
  const done = await earlierResult<RestartOutcome>(deps);
  // The proxies learn the epoch by themselves; the attempt that wrote it has only not seen them do so.
  if (done !== null) return done;
  return withAttempt(deps, pool, async (attempt) => {
    const pair = pairOf(attempt.pool, attempt.row);
    await attempt.mechanism.end(pair, attempt);
    const kept = skipped && { reason: skipped.reason, restarted: await isRestarted(attempt, pair.primary.name, skipped.before) };
    if (attempt.pool.standby === 'cold') await stopInTime(pair.primary, attempt);
    const holds = await holdsSoFar(attempt.proxies);
    const outcome: RestartOutcome = {
      from: pair.primary.name,
      to: pair.standby.name,
      sessionsMoved: (await standbyKeys(deps.database, pool)).size,
      ...holds,
      ...origin,
      ...(startedAtMs === undefined ? {} : { tookMs: Math.max(0, Date.now() - startedAtMs) }),
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      ...(rolledBack === undefined ? {} : { rolledBack }),
      ...(kept === undefined ? {} : { skipped: kept }),
    };
    await attempt.guard();
    await swapPool(deps.database, attempt.writer, outcome);
    await attempt.proxies.allReport((await readPool(deps.database, pool)).epoch, attempt.signal);
    return outcome;
  });
}

/** Null when it is off or nobody can tell: that must not keep the pool. */
async function isRestarted({ driver, signal }: Attempt, machine: string, before?: string | null): Promise<boolean | null> {
  if (before === undefined) return null;
  const now = await driver.status(machine, { signal }).catch(() => null);
  signal.throwIfAborted();
  if (now?.power !== 'on' || now.incarnation === null) return null;
  return before === null || hasBooted(before, now.incarnation);
}
