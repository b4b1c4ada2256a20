// Whether a pool may fail over now: pure, as policy/may-restart.ts.

import type { Judgement, Policy, Wanted } from './may-restart.js';

/** Two fail-overs within this are no accident: somebody has to look. Chosen. */
const FLAPPING_MS = 3_600_000;
/** An operator's answer may take long, and the machine recover by itself. Chosen. */
const ASK_AGAIN_MS = 5 * 60_000;
/** The pool is down meanwhile. Chosen. */
const ILL_AGAIN_MS = 15_000;

/** What is known of the pool. */
export interface FailOverFacts {
  active: string;
  /** The run that has the pool, or null. */
  runningRun: string | null;
  /** What is wrong with the active machine, asked once more; null when nothing is by now. */
  activeIll: string | null;
  /** Why the standby could not take over, or null. */
  standbyIll: string | null;
  /** Whether the standby of a pool that keeps it running is off as well. */
  areBothOff: boolean;
  /** Ends of fail-overs within 24 hours, in ms since 1970. */
  failedOverAtMs: readonly number[];
}

export function mayFailOver(
  { isApproved, machine, mustAsk }: Pick<Wanted, 'isApproved' | 'machine' | 'mustAsk'>,
  { active, runningRun, activeIll, standbyIll, areBothOff, failedOverAtMs }: FailOverFacts,
  { failOver }: Pick<Policy, 'failOver'>,
  nowMs: number,
): Judgement {
  if (runningRun !== null) return no('RESTART_RUNNING', `${runningRun} has the pool.`);
  if (machine !== undefined && machine !== active)
    return no('RESTARTED_SINCE', `The machine that was meant, ${machine}, is not the active one any more.`);
  if (activeIll === null) return no('RECOVERED', 'The active machine is well by now.');
  if (failOver === 'never') return no('NO_FAIL_OVER', 'Policy has no fail-over: look at the active machine.');
  if (!isApproved) {
    const askMs = nowMs + ASK_AGAIN_MS;
    const lastMs = Math.max(-Infinity, ...failedOverAtMs);
    if (nowMs - lastMs < FLAPPING_MS)
      return ask(
        'FLAPPING',
        `The pool has failed over at ${iso(lastMs)} already: somebody has to say whether to do it again.`,
        askMs,
      );
    if (mustAsk === true)
      return ask('DECLINED', 'The last fail-over was declined or has failed: somebody has to say whether to try again.', askMs);
    if (areBothOff) return ask('BOTH_OFF', 'Both machines are off, as after "vm-rejuv stop": start them, or approve.', askMs);
    if (failOver === 'approval') return ask('APPROVAL_NEEDED', 'Policy wants an operator to approve a fail-over.', askMs);
  }
  if (standbyIll === null) return { verdict: 'go', code: 'ALLOWED', text: 'Nothing speaks against it.', untilMs: null };
  const againMs = nowMs + ILL_AGAIN_MS;
  const text = `The standby could not take over: ${standbyIll}. It is looked at again at ${iso(againMs)}.`;
  return { verdict: 'later', code: 'STANDBY_ILL', text, untilMs: againMs };
}

const no = (code: string, text: string): Judgement => ({ verdict: 'no', code, text, untilMs: null });
/** Asked again all the same: the machine may recover by itself. */
const ask = (code: string, text: string, untilMs: number): Judgement => ({ verdict: 'ask', code, text, untilMs });
const iso = (atMs: number): string => new Date(atMs).toISOString();
