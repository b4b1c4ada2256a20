// Whether a pool may fail over now: pure, as policy/may-restart.ts.

import type { Judgement, Policy, Wanted } from './may-restart.js';

/** Two fail-overs within this are no accident: somebody has to look. Chosen. */
const FLAPPING_MS = 3_600_000;
/** The pool is down meanwhile. Chosen. */
const ILL_AGAIN_MS = 15_000;

/** What is known of the pool. */
export interface FailOverFacts {
  /** The run that has the pool, or null. */
  runningRun: string | null;
  /** What is wrong with the active machine, asked once more; null when nothing is by now. */
  activeIll: string | null;
  /** Why the standby could not take over, or null. */
  standbyIll: string | null;
  /** Ends of fail-overs within 24 hours, in ms since 1970. */
  failedOverAtMs: readonly number[];
}

export function mayFailOver(
  { isApproved }: Pick<Wanted, 'isApproved'>,
  { runningRun, activeIll, standbyIll, failedOverAtMs }: FailOverFacts,
  { failOver }: Pick<Policy, 'failOver'>,
  nowMs: number,
): Judgement {
  if (runningRun !== null) return no('RESTART_RUNNING', `${runningRun} has the pool.`);
  if (activeIll === null) return no('RECOVERED', 'The active machine is well by now.');
  if (failOver === 'never') return no('NO_FAIL_OVER', 'Policy has no fail-over: look at the active machine.');
  if (!isApproved) {
    const lastMs = Math.max(-Infinity, ...failedOverAtMs);
    if (nowMs - lastMs < FLAPPING_MS)
      return ask('FLAPPING', `The pool has failed over at ${iso(lastMs)} already: somebody has to say whether to do it again.`);
    if (failOver === 'approval') return ask('APPROVAL_NEEDED', 'Policy wants an operator to approve a fail-over.');
  }
  if (standbyIll === null) return { verdict: 'go', code: 'ALLOWED', text: 'Nothing speaks against it.', untilMs: null };
  const untilMs = nowMs + ILL_AGAIN_MS;
  const text = `The standby could not take over: ${standbyIll}. It is looked at again at ${iso(untilMs)}.`;
  return { verdict: 'later', code: 'STANDBY_ILL', text, untilMs };
}

const no = (code: string, text: string): Judgement => ({ verdict: 'no', code, text, untilMs: null });
const ask = (code: string, text: string): Judgement => ({ verdict: 'ask', code, text, untilMs: null });
const iso = (atMs: number): string => new Date(atMs).toISOString();
