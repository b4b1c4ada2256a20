// Whether a pool may be restarted now: pure, so that every answer can be tested and explained.

import type { Windows } from './allowed-time.js';
import { forbiddenBy, nextAllowedMs } from './allowed-time.js';

const DAY_MS = 86_400_000;
/** Chosen. */
const ILL_AGAIN_MS = 5 * 60_000;

export interface Policy extends Windows {
  /** Whether a restart for aging waits for an operator's word. */
  mode: 'automatic' | 'approval';
  /** From the end of one restart, or attempt of one, to the next. */
  cooldownMs: number;
  /** Within any 24 hours. */
  mostPerDay: number;
  /** An active machine that has served for so long counts as aged; null for no limit. */
  maxAgeMs: number | null;
  /** What is done when the active machine has died or hangs. */
  failOver: 'automatic' | 'approval' | 'never';
}

/** Who wants a restart. */
export interface Wanted {
  /** `operator` needs nobody's approval; `age` is for the limit of age alone; `down` wants a fail-over. */
  by: 'operator' | 'aging' | 'age' | 'down';
  reason: string | null;
  /** An operator's word against windows, cooldown and the number of a day; not against a standby that is ill. */
  force: boolean;
  isApproved: boolean;
  /** Which machine is down; absent where nobody has said so. */
  machine?: string;
  /** A fail-over before it was declined, or has failed: the next one is an operator's decision. */
  mustAsk?: boolean;
  /** When it was first wanted, in ms since 1970. */
  sinceMs: number;
}

/** What is known of the pool. */
export interface Facts {
  /** The restart that has the pool, or null. */
  runningRun: string | null;
  /** Why the standby could not take over, or null when nothing speaks against it. */
  standbyIll: string | null;
  /** Ends of restarts and of failed attempts within the last 24 hours, or the last of before, in ms since 1970. */
  endedAtMs: readonly number[];
  /** Since when the active machine is that, as far as anybody has seen, in ms since 1970. */
  activeSinceMs: number;
  /** Whether a restart has made it so since then. */
  isRestarted: boolean;
}

export interface Judgement {
  /** `ask`: once an operator approves. `later`: at `untilMs`. */
  verdict: 'go' | 'ask' | 'later' | 'no';
  /** Of the list in docs/supervision.md. */
  code: string;
  text: string;
  /** When to look again, in ms since 1970: at the latest with `later`, and with `ask` where the answer may become another by itself; or null. */
  untilMs: number | null;
}

/** The order is that of the docs: what can never be, what an operator has to say, and what only takes its time. */
export function mayRestart(wanted: Wanted, facts: Facts, policy: Policy, nowMs: number): Judgement {
  if (facts.runningRun !== null) return no('RESTART_RUNNING', `${facts.runningRun} has the pool already.`);
  if (facts.isRestarted && facts.activeSinceMs > wanted.sinceMs)
    return no('RESTARTED_SINCE', `The machine that was meant was restarted at ${iso(facts.activeSinceMs)}.`);
  if (wanted.by === 'age') {
    const young = tooYoung(facts, policy, nowMs);
    if (young !== null) return young;
  }
  if (wanted.by !== 'operator' && policy.mode === 'approval' && !wanted.isApproved)
    return { verdict: 'ask', code: 'APPROVAL_NEEDED', text: 'Policy wants an operator to approve it.', untilMs: null };
  const waits = (wanted.force ? [illness] : [illness, cooldown, tooMany, forbidden]).map((rule) => rule(facts, policy, nowMs));
  const [latest] = waits.filter((wait) => wait !== null).sort((one, other) => (other.untilMs ?? 0) - (one.untilMs ?? 0));
  return latest ?? { verdict: 'go', code: 'ALLOWED', text: 'Nothing speaks against it.', untilMs: null };
}

/** A single probe may have been unlucky. */
function illness({ standbyIll }: Facts, _policy: Policy, nowMs: number): Judgement | null {
  if (standbyIll === null) return null;
  return later('STANDBY_ILL', `The standby could not take over: ${standbyIll}.`, nowMs + ILL_AGAIN_MS);
}

function tooYoung({ activeSinceMs }: Facts, { maxAgeMs }: Policy, nowMs: number): Judgement | null {
  if (maxAgeMs === null) return no('NO_AGE_LIMIT', 'Policy has no limit of age.');
  if (nowMs - activeSinceMs >= maxAgeMs) return null;
  return no('NOT_AGED', `The active machine has served since ${iso(activeSinceMs)}, which is less than its limit.`);
}

function cooldown({ endedAtMs }: Facts, { cooldownMs }: Policy, nowMs: number): Judgement | null {
  const lastMs = Math.max(-Infinity, ...endedAtMs);
  const untilMs = lastMs + cooldownMs;
  return nowMs >= untilMs ? null : later('COOLDOWN', `The last restart ended at ${iso(lastMs)}.`, untilMs);
}

function tooMany({ endedAtMs }: Facts, { mostPerDay }: Policy, nowMs: number): Judgement | null {
  const ofToday = endedAtMs.filter((at) => at > nowMs - DAY_MS).sort((a, b) => a - b);
  const [oldest] = ofToday.slice(-mostPerDay);
  if (ofToday.length < mostPerDay || oldest === undefined) return null;
  return later('MOST_PER_DAY', `There were ${ofToday.length} restarts within 24 hours.`, oldest + DAY_MS);
}

function forbidden(_facts: Facts, policy: Policy, nowMs: number): Judgement | null {
  const by = forbiddenBy(policy, nowMs);
  if (by === null) return null;
  const why = by === 'blackout' ? 'It is a blackout.' : 'It is no maintenance window.';
  return later(by === 'blackout' ? 'BLACKOUT' : 'OUTSIDE_MAINTENANCE', why, nextAllowedMs(policy, nowMs));
}

const no = (code: string, text: string): Judgement => ({ verdict: 'no', code, text, untilMs: null });

function later(code: string, text: string, untilMs: number): Judgement {
  return { verdict: 'later', code, text: `${text} It is looked at again at ${iso(untilMs)}.`, untilMs };
}

const iso = (atMs: number): string => new Date(atMs).toISOString();
