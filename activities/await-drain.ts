// Step 4: the seal. Nothing is in flight at the primary, nothing is left in it, and nothing goes there any more.

import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolReport } from '../proxy/admin-api.js';
import { readPool } from '../state/pool.js';
import { standbyKeys } from '../state/session-owner.js';
import type { Attempt } from './attempt.js';
import { withAttempt } from './attempt.js';
import { cutOver, leftBehind } from './cut-over.js';
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
    // A stream that was closed may take a moment to go; requests were none when the seal was committed, unless it was forced.
    const patience = attempt.pool.limits.drain.policy === 'force' ? performance.now() + FORCED_MS : Infinity;
    while (performance.now() < patience && running(attempt, await proxies.reports(), active) > 0)
      await sleep(PAUSE_MS, undefined, { signal });
    return drain;
  });
}

async function seal(attempt: Attempt): Promise<Drain> {
  const { pool, mechanism, proxies, signal } = attempt;
  const { limitMs, policy } = pool.limits.drain;
  const started = performance.now();
  const idleMs = pool.sessions.mechanism === 'none' ? pool.sessions.idleMs : 0;
  let streamsClosed = 0;
  let pauseMs = PAUSE_MS;
  await mechanism.begin(pairOf(pool, attempt.row), await standbyKeys(attempt.deps.database, pool.name), attempt);
  for (;;) {
    signal.throwIfAborted();
    const elapsedMs = performance.now() - started;
    const overdue = elapsedMs > limitMs;
    if (elapsedMs >= idleMs || overdue) {
      if (mechanism.holds !== 'none') await moveWhatIsQuiet(attempt);
      streamsClosed += await closeLastStreams(attempt);
      const seal = overdue && policy === 'force' ? 'force' : 'when-empty';
      const outcome = await cutOver(attempt, { scope: 'all', pickedUpMs: null, limit: Infinity, seal });
      if (outcome.sealed) {
        return { notMoved: mechanism.holds === 'none' ? await unmoved(attempt) : outcome.leftBehind, streamsClosed };
      }
      attempt.progress({ inFlight: outcome.inFlight });
      if (overdue && policy === 'stop')
        throw drainLimit(pool.name, `${outcome.inFlight} requests in flight at ${attempt.row.active}`);
    }
    await sleep(pauseMs, undefined, { signal });
    pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS);
  }

  async function closeLastStreams(current: Attempt): Promise<number> {
    const reports = await proxies.reports();
    const left = await leftBehind(current, await standbyKeys(current.deps.database, pool.name), new Set());
    const requests = running(current, reports, current.row.active);
    const streams = reports.reduce((sum, report) => sum + (report.streams[current.row.active] ?? 0), 0);
    // Streams end last: while a request runs or a session is left, their clients would come back to the primary.
    return streams > 0 && requests === 0 && left === 0 ? proxies.closeStreams() : 0;
  }
}

/** Requests that the machine executes, as far as the proxies must tell: a mechanism that asks the server needs no word on broken-off ones. */
function running({ mechanism }: Attempt, reports: readonly PoolReport[], machine: string): number {
  const broken = (report: PoolReport): number => (mechanism.holds === 'all' ? 0 : (report.unanswered[machine] ?? 0));
  return reports.reduce((sum, report) => sum + (report.inFlight[machine] ?? 0) + broken(report), 0);
}

async function unmoved(attempt: Attempt): Promise<number> {
  const seen = await attempt.proxies.seenKeys();
  return new Set(seen.flatMap((one) => one.keys)).size;
}
