// Step 4: the seal. Nothing is in flight at the primary, nothing is left in it, and nothing goes there any more.

import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolReport } from '../proxy/admin-api.js';
import { readPool } from '../state/pool.js';
import { standbyKeys } from '../state/session-owner.js';
import type { Attempt } from './attempt.js';
import { withAttempt } from './attempt.js';
import { cutOver } from './cut-over.js';
import type { ActivityDeps } from './deps.js';
import { pairOf } from './deps.js';
import { drainLimit } from './errors.js';
import { moveWhatIsQuiet } from './migrate-sessions.js';

/** Between two looks at what is left: at first, and while something takes long. A hold meets only requests bound for the primary. Chosen. */
const PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;
/** What a forced seal still grants to requests that run. Chosen. */
const FORCED_MS = 2000;

export interface Drain {
  /** Sessions left behind because of the policy `force` or a mechanism that moves nothing; null where nobody can count them. */
  notMoved: number | null;
  streamsClosed: number;
}

export async function awaitDrain(deps: ActivityDeps, pool: string): Promise<Drain> {
  return withAttempt(deps, pool, async (attempt) => {
    const { proxies, signal } = attempt;
    let drain: Drain = { notMoved: 0, streamsClosed: 0 };
    if ((await readPool(deps.database, pool)).phase === 'moving') drain = await seal(attempt);
    const { epoch, active } = await readPool(deps.database, pool);
    await proxies.allReport(epoch, signal);
    // Requests were none when the seal was committed, unless it was forced.
    const patience = attempt.pool.limits.drain.policy === 'force' ? performance.now() + FORCED_MS : Infinity;
    while (performance.now() < patience && running(attempt, await proxies.reports(), active) > 0)
      await sleep(PAUSE_MS, undefined, { signal });
    return drain;
  });
}

async function seal(attempt: Attempt): Promise<Drain> {
  const { pool, mechanism, signal } = attempt;
  const { limitMs, policy } = pool.limits.drain;
  const started = performance.now();
  let streamsClosed = 0;
  let pauseMs = PAUSE_MS;
  await mechanism.begin(pairOf(pool, attempt.row), () => standbyKeys(attempt.deps.database, pool.name), attempt);
  for (;;) {
    signal.throwIfAborted();
    const overdue = performance.now() - started > limitMs;
    const force = overdue && policy === 'force';
    const users = pool.sessions.mechanism === 'none' ? await usersLeft(attempt, pool.sessions.idleMs, started) : null;
    let inFlight = 0;
    if (users === null || !users.areActive || force) {
      if (mechanism.holds !== 'none') await moveWhatIsQuiet(attempt);
      const seal = force ? 'force' : 'when-empty';
      const outcome = await cutOver(attempt, { scope: 'all', pickedUpMs: null, limit: Infinity, seal });
      streamsClosed += outcome.streamsClosed;
      inFlight = outcome.inFlight;
      if (outcome.sealed) return { notMoved: users === null ? outcome.leftBehind : users.sessions, streamsClosed };
      // Whose stream was closed comes back at once; to close it again and again would help nobody.
      if (outcome.streamsClosed > 0) pauseMs = LONGEST_PAUSE_MS;
    }
    attempt.progress({ inFlight });
    if (overdue && policy === 'stop') {
      throw drainLimit(
        pool.name,
        users?.areActive
          ? `${users.sessions} sessions of ${attempt.row.active} are in use`
          : `${inFlight} requests in flight at ${attempt.row.active}`,
      );
    }
    await sleep(pauseMs, undefined, { signal });
    pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS);
  }
}

/** Sessions that the proxies have seen on the primary since the redirect, and whether one of them was used within `idleMs`. */
async function usersLeft(
  { proxies }: Attempt,
  idleMs: number,
  started: number,
): Promise<{ sessions: number; areActive: boolean }> {
  const seen = await proxies.seenKeys();
  const latest = Math.min(...seen.map((one) => one.usedAgoMs ?? Infinity));
  // Who has not come since the redirect may have come right before it.
  const areActive = latest < idleMs || performance.now() - started < idleMs;
  return { sessions: new Set(seen.flatMap((one) => one.keys)).size, areActive };
}

/** Requests that the machine executes, as far as the proxies must tell: a mechanism that asks the server needs no word on broken-off ones. */
function running({ mechanism }: Attempt, reports: readonly PoolReport[], machine: string): number {
  const broken = (report: PoolReport): number => (mechanism.holds === 'all' ? 0 : (report.unanswered[machine] ?? 0));
  return reports.reduce((sum, report) => sum + (report.inFlight[machine] ?? 0) + broken(report), 0);
}
