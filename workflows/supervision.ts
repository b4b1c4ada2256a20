// What a supervised pool waits for and has been through: kept small, as it goes with the supervisor from run to run.

import type { Judgement, Wanted } from '../policy/may-restart.js';
import type { OpenAnomaly } from './open-anomalies.js';

/** Of what the supervisor was told, and what it has answered. */
export interface Explanation {
  /** When it last came, in ms since 1970. */
  atMs: number;
  /** The signal or update, or what the supervisor itself has seen. */
  what: string;
  reason: string | null;
  code: string;
  text: string;
  /** So often since the last restart. */
  count: number;
}

export interface Supervision {
  /** Why it is paused, or null. */
  paused: string | null;
  /** What is wanted and not decided, or not yet allowed. */
  wanted: Wanted | null;
  /** What was wanted before a machine that is down took its place: it is wanted again when that is no more. */
  displaced: Wanted | null;
  /** A fail-over of the outage that lasts, as far as anybody has told, was declined or has failed: the next one is an operator's decision. */
  isFailOverDeclined: boolean;
  /** When it was last told that the active machine is down, or a fail-over of it was declined or has failed, in ms since 1970, or null. */
  downToldMs: number | null;
  /** The last word on that. */
  judgement: Judgement | null;
  /** Policy is asked once more; until it answers its last word holds. */
  isAskedAgain: boolean;
  /** What it last did not do, or not yet, and why; null once something has begun, or has ended well. */
  lastRefusal: Omit<Explanation, 'count'> | null;
  /** What is wrong and not over, the latest last. */
  anomalies: OpenAnomaly[];
  /** The restart that it has started, as `workflowId/runId`; for an instant without the run. */
  running: string | null;
  /** The latest last. */
  history: Explanation[];
  /** Signals so far. */
  signals: number;
  /** When the first run of the supervisor began, in ms since 1970; null until it has. */
  sinceMs: number | null;
}

/** How the history has signals of other names. */
export const UNKNOWN_SIGNAL = 'signal';

export const AT_REST: Supervision = {
  paused: null,
  wanted: null,
  displaced: null,
  isFailOverDeclined: false,
  downToldMs: null,
  judgement: null,
  isAskedAgain: false,
  lastRefusal: null,
  anomalies: [],
  running: null,
  history: [],
  signals: 0,
  sinceMs: null,
};

/** The monitor tells every half a minute while the machine is down; after so long a silence it is down anew. Chosen: a worker may be away meanwhile. */
export const OUTAGE_OVER_MS = 3_600_000;

const SIGNALS: ReadonlySet<string> = new Set(['rejuvenate', 'agingDetected', 'serverDown', 'anomalySeen', UNKNOWN_SIGNAL]);

/** As many as fit on a screen or two of the Temporal UI. Chosen. */
const KEPT = 100;

/**
 * Adds it. Signals that were answered in the same way since the last restart began or ended are counted there, with the latest reason: a
 * flood must not push out what matters. Updates are an operator's, each of which is kept.
 */
export function explain(history: readonly Explanation[], next: Omit<Explanation, 'count'>): Explanation[] {
  const isLike = ({ what, code }: Explanation): boolean => SIGNALS.has(what) && what === next.what && code === next.code;
  const lastRestart = history.findLastIndex(({ what }) => what === 'restart');
  const at = history.findLastIndex((entry, index) => index > lastRestart && isLike(entry));
  const count = (history[at]?.count ?? 0) + 1;
  return [...history.filter((_, index) => index !== at), { ...next, count }].slice(-KEPT);
}

export interface PoolStatus extends Omit<Supervision, 'history' | 'isAskedAgain'> {
  pool: string;
  state: 'watching' | 'paused' | 'deciding' | 'waiting-for-approval' | 'waiting-for-its-time' | 'restarting';
  /** When what is wanted may be allowed, in ms since 1970, or null. Policy is asked once an hour all the same: it may have changed. */
  nextDecisionMs: number | null;
}

export function statusOf(pool: string, { history: _, isAskedAgain: __, ...now }: Supervision): PoolStatus {
  const state = stateOf(now);
  return { pool, ...now, state, nextDecisionMs: state === 'waiting-for-its-time' ? (now.judgement?.untilMs ?? null) : null };
}

function stateOf({
  running,
  paused,
  wanted,
  judgement,
}: Pick<Supervision, 'running' | 'paused' | 'wanted' | 'judgement'>): PoolStatus['state'] {
  if (running !== null) return 'restarting';
  if (paused !== null) return 'paused';
  if (wanted === null) return 'watching';
  if (judgement?.verdict === 'ask') return 'waiting-for-approval';
  return judgement?.verdict === 'later' ? 'waiting-for-its-time' : 'deciding';
}
