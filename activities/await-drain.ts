// Step 4: the seal. Nothing is in flight at the primary, nothing is left in it, and nothing goes there any more.

import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { OperatorError } from '../config/operator-error.js';
import type { PoolReport } from '../proxy/admin-api.js';
import { readPool } from '../state/pool.js';
import { standbyKeys } from '../state/session-owner.js';
import type { Attempt } from './attempt.js';
import { withAttempt } from './attempt.js';
import { cutOver } from './cut-over.js';
import type { ActivityDeps } from './deps.js';
import { pairOf } from './deps.js';
import { drainLimit } from './errors.js';
import type { Holds } from './holds.js';
import { holdsSoFar } from './holds.js';
import { closeStreamsInTheWay, moveWhatIsQuiet } from './migrate-sessions.js';
import { UnmovedSessions } from './unmoved-sessions.js';

/** Between two looks at what is left: at first, and while something takes long. A hold meets only requests bound for the primary. Chosen. */
const PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;
/** What a forced seal still grants to requests that run. Chosen. */
const FORCED_MS = 2000;

/** Sessions that the last hold may hand over together with the seal. Chosen: twice as many as a hold of hot ones. */
const LAST_SESSIONS = 20;

export interface Drain {
  /** Sessions left behind because of the policy `force` or a mechanism that moves nothing; null where nobody can count them, or the attempt that left them has died. */
  notMoved: number | null;
  streamsClosed: number;
  /** Of the whole restart, as there are none after this step; null where a proxy does not tell, absent in results of workers that did not ask. */
  holds?: Holds | null;
}

export async function awaitDrain(deps: ActivityDeps, pool: string): Promise<Drain> {
  return withAttempt(deps, pool, async (attempt) => {
    const { proxies, signal } = attempt;
    const { sessions, limits } = attempt.pool;
    const unmoved = sessions.mechanism === 'none' ? new UnmovedSessions(proxies, sessions.idleMs, attempt.told) : null;
    // Where another attempt has sealed it, nobody can say any more what it left behind by force.
    let drain: Drain = { notMoved: limits.drain.policy === 'force' ? null : 0, streamsClosed: 0 };
    if ((await readPool(deps.database, pool)).phase === 'moving')
      drain = await seal(attempt, unmoved).catch((error: unknown) => giveUpWhenOverdue(attempt, error));
    // Sealed by an attempt that did not see it: what it has not cleared away would end on the primary, though it lives on the standby.
    else await begin(attempt).catch(() => signal.throwIfAborted());
    const { epoch, active } = await readPool(deps.database, pool);
    await proxies.allReport(epoch, signal);
    // Requests were none when the seal was committed, unless it was forced.
    const patience = limits.drain.policy === 'force' ? performance.now() + FORCED_MS : Infinity;
    while (performance.now() < patience && running(attempt, await proxies.reports(), active) > 0)
      await sleep(PAUSE_MS, undefined, { signal });
    // For who looks on: that a proxy does not tell must not hold the restart up.
    const unknown = (): null => {
      signal.throwIfAborted();
      return null;
    };
    const holds = await holdsSoFar(proxies).catch(unknown);
    return unmoved === null
      ? { ...drain, holds }
      : { ...drain, notMoved: await unmoved.count(sinceScheduledMs()).catch(unknown), holds };
  });
}

async function seal(attempt: Attempt, unmoved: UnmovedSessions | null): Promise<Drain> {
  const { pool, mechanism, signal } = attempt;
  const { limitMs, policy } = pool.limits.drain;
  const started = performance.now() - sinceScheduledMs();
  let streamsClosed = 0;
  let pauseMs = PAUSE_MS;
  await begin(attempt);
  for (;;) {
    signal.throwIfAborted();
    const overdue = performance.now() - started > limitMs;
    const force = overdue && policy === 'force';
    const isInUse = (await unmoved?.areInUse()) ?? false;
    let inFlight = 0;
    let streamsInTheWay = false;
    if (!isInUse || force) {
      if (mechanism.holds !== 'none') ({ streamsInTheWay } = await moveWhatIsQuiet(attempt));
      const seal = force ? 'force' : 'when-empty';
      // More than a few would keep everybody waiting; they go without the seal then, and the rest with the next.
      const limit = force ? Infinity : LAST_SESSIONS;
      const outcome = await cutOver(attempt, { scope: 'all', pickedUpMs: null, limit, seal });
      streamsClosed += outcome.streamsClosed;
      inFlight = outcome.inFlight;
      if (outcome.sealed) return { notMoved: outcome.leftBehind, streamsClosed };
      // Under load the seal may never find the primary quiet, and without the streams closed nothing else moves.
      const closed = outcome.streamsClosed || (streamsInTheWay ? await closeStreamsInTheWay(attempt) : 0);
      streamsClosed += closed - outcome.streamsClosed;
      // Whose stream was closed comes back at once; to close it again and again would help nobody.
      if (closed > 0) pauseMs = LONGEST_PAUSE_MS;
    }
    attempt.progress({ inFlight, ...unmoved?.asked });
    if (overdue && policy === 'stop') {
      throw drainLimit(
        pool.name,
        isInUse
          ? `sessions of ${attempt.row.active} are in use, and none can be moved`
          : `${inFlight} requests in flight at ${attempt.row.active}`,
      );
    }
    await sleep(pauseMs, undefined, { signal });
    pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS);
  }
}

/** The limit is the step's, whatever becomes of its attempts. */
function sinceScheduledMs(): number {
  return Date.now() - Context.current().info.scheduledTimestampMs;
}

/** What would be tried again and again is the operator's once the limit has passed, unless the policy is to wait. */
function giveUpWhenOverdue({ pool }: Attempt, error: unknown): never {
  const { limitMs, policy } = pool.limits.drain;
  if (!(error instanceof OperatorError) || !error.retryable || policy === 'wait' || sinceScheduledMs() < limitMs) throw error;
  throw drainLimit(pool.name, error.message);
}

function begin(attempt: Attempt): Promise<void> {
  const { pool, mechanism, row, deps } = attempt;
  return mechanism.begin(pairOf(pool, row), () => standbyKeys(deps.database, pool.name), attempt);
}

/** Requests that the machine executes, as far as the proxies must tell: a mechanism that asks the server needs no word on broken-off ones. */
function running({ mechanism }: Attempt, reports: readonly PoolReport[], machine: string): number {
  const broken = (report: PoolReport): number => (mechanism.holds === 'all' ? 0 : (report.unanswered[machine] ?? 0));
  return reports.reduce((sum, report) => sum + (report.inFlight[machine] ?? 0) + broken(report), 0);
}
