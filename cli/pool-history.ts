// What has been done and decided of a pool: its supervisor's answers and the results in the store, each restart once. Pure.

import type { FailOverOutcome } from '../activities/fail-over/conclude.js';
import type { RestartOutcome } from '../activities/swap-roles.js';
import type { ResultRow } from '../state/restart-results.js';
import type { FailureRecord } from '../workflows/failure-record.js';
import type { Explanation } from '../workflows/supervision.js';

export interface HistoryEntry {
  pool: string;
  /** When it ended, or was answered last; of what still runs, when it began. */
  at: Date;
  kind: 'restart' | 'fail-over' | 'answer';
  /** The signal or update that was answered; null of a restart or a fail-over. */
  what: string | null;
  reason: string | null;
  /** DONE, STARTED while it runs, or the code of the answer or of the failure; null where a restart of before has not told. */
  code: string | null;
  text: string | null;
  /** How many signals were answered so. */
  count: number;
  /** `workflowId/runId`; this and what follows is null of an answer, and where nobody tells. */
  run: string | null;
  startedAt: Date | null;
  /** The workflow that has begun it, or `operator`. */
  begunBy: string | null;
  /** Who has wanted it of its supervisor. */
  wantedBy: string | null;
  tookMs: number | null;
  from: string | null;
  to: string | null;
  sessionsMoved: number | null;
  sessionsSaved: number | null;
  sessionsLost: number | null;
  /** Of a fail-over: whether the machine that had failed is the standby by now. */
  isBack: boolean | null;
  holdMs: { p50: number; p99: number; max: number } | null;
  holdsExpired: number | null;
  /** Of a restart whose primary was not restarted, as an operator went on without it. */
  skipped: RestartOutcome['skipped'] | null;
  /** Of a restart whose machine runs from the disk of before, as it did not get ready from a fresh one. */
  rolledBack: boolean | null;
}

/** How the supervisor has a good end. */
const DONE = 'DONE';

type Result = Partial<RestartOutcome> & Partial<FailOverOutcome>;

/** The latest last. */
export function mergeHistory(pool: string, told: readonly Explanation[], rows: readonly ResultRow[]): HistoryEntry[] {
  const entries = fromSupervisor(pool, told);
  for (const row of rows) {
    const known = entries.find(({ run }) => run === row.run);
    if (known === undefined) entries.push(fromRow(pool, row));
    else Object.assign(known, complete(known, fromRow(pool, row)));
  }
  return entries.sort((one, other) => one.at.getTime() - other.at.getTime());
}

function fromSupervisor(pool: string, told: readonly Explanation[]): HistoryEntry[] {
  const entries: HistoryEntry[] = [];
  let open: HistoryEntry | null = null;
  for (const explanation of told) {
    const { atMs, what, reason, code, text, count } = explanation;
    const at = new Date(atMs);
    const [, run, wantedBy = null] = (code === 'STARTED' && /^(\S+) has begun(?:, wanted by (\w+))?/.exec(text)) || [];
    if (what === 'restart' && run !== undefined) {
      open = { ...blank(pool, at), kind: kindOf(run), reason, code, text, run, startedAt: at, begunBy: `pool/${pool}`, wantedBy };
      entries.push(open);
    } else if (what === 'restart' && open !== null) {
      const tookMs: number = atMs - (open.startedAt?.getTime() ?? atMs);
      Object.assign(open, { at, code, text, tookMs });
      open = null;
    } else if (what !== 'restart' || code !== DONE) {
      // The end of one whose beginning is forgotten has a result of its own.
      entries.push({ ...blank(pool, at), what, reason, code, text, count });
    }
  }
  return entries;
}

function fromRow(pool: string, { run, finishedAt, result, failure }: ResultRow): HistoryEntry {
  const common = { ...blank(pool, finishedAt), kind: kindOf(run), run };
  if (failure !== null) {
    const { code, message, reason = null, begunBy = null } = failure as FailureRecord;
    return { ...common, code, text: message, reason, begunBy };
  }
  const { from = null, to = null, tookMs = null, reason = null, begunBy = null, ...rest } = result as Result;
  const { failedOver, sessionsMoved = null, holdMs = null, holdsExpired = null, skipped = null, rolledBack = null } = rest;
  return {
    ...{ ...common, code: DONE, text: 'It has ended well.', from, to, tookMs, begunBy, holdMs, holdsExpired },
    startedAt: tookMs === null ? null : new Date(finishedAt.getTime() - tookMs),
    reason: failedOver?.reason ?? reason,
    sessionsMoved: failedOver === undefined ? sessionsMoved : null,
    sessionsSaved: failedOver?.saved ?? null,
    sessionsLost: failedOver?.lost ?? null,
    isBack: failedOver?.isBack ?? null,
    skipped,
    rolledBack,
  };
}

/** The store knows the end best, the supervisor the beginning. */
function complete(known: HistoryEntry, stored: HistoryEntry): HistoryEntry {
  const tookMs = stored.tookMs ?? known.tookMs;
  const { startedAt, begunBy, wantedBy } = known;
  return { ...stored, startedAt, begunBy, wantedBy, tookMs, reason: known.reason ?? stored.reason };
}

function kindOf(run: string): 'restart' | 'fail-over' {
  return run.startsWith('fail-over/') ? 'fail-over' : 'restart';
}

function blank(pool: string, at: Date): HistoryEntry {
  return {
    ...{ pool, at, kind: 'answer', what: null, reason: null, code: null, text: null, count: 1 },
    ...{ run: null, startedAt: null, begunBy: null, wantedBy: null, tookMs: null, from: null, to: null },
    ...{ sessionsMoved: null, sessionsSaved: null, sessionsLost: null, isBack: null, holdMs: null, holdsExpired: null },
    ...{ skipped: null, rolledBack: null },
  };
}
