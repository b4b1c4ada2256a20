// Whether a pool may be restarted now: pure, so that every answer can be tested and explained. What is not known is a no.

import type { Windows } from './allowed-time.js';
import { forbiddenBy, nextAllowedMs } from './allowed-time.js';

const DAY_MS = 86_400_000;

export interface Policy extends Windows {
  /** Whether a restart for aging waits for an operator's word. */
  mode: 'automatic' | 'approval';
  /** From the end of one restart, or attempt of one, to the next. */
  cooldownMs: number;
  /** Within any 24 hours. */
  mostPerDay: number;
  /** An active machine that has served for so long counts as aged; null for no limit. */
  maxAgeMs: number | null;
}

/** Who wants a restart. */
export interface Wanted {
  /** `operator` needs nobody's approval; `age` is for the limit of age alone. */
  by: 'operator' | 'aging' | 'age';
  reason: string | null;
  /** An operator's word against windows, cooldown and the number of a day; not against a standby that is ill. */
  force: boolean;
  isApproved: boolean;
}

/** What is known of the pool. */
export interface Facts {
  /** The restart that has the pool, or null. */
  runningRun: string | null;
  /** Why the standby could not take over, or null when nothing speaks against it. */
  standbyIll: string | null;
  /** Ends of restarts and of failed attempts within the last 24 hours, or the last of before, in ms since 1970. */
  endedAtMs: readonly number[];
  /** Since when the active machine is that; null when no restart has made it so. */
  activeSinceMs: number | null;
}

export interface Judgement {
  /** `ask`: once an operator approves. `later`: at `untilMs`. */
  verdict: 'go' | 'ask' | 'later' | 'no';
  /** Of the list in docs/operations.md. */
  code: string;
  text: string;
  /** In ms since 1970; null unless later. */
  untilMs: number | null;
}

export function mayRestart(wanted: Wanted, facts: Facts, policy: Policy, nowMs: number): Judgement {
  if (facts.runningRun !== null) return no('RESTART_RUNNING', `${facts.runningRun} is restarting the pool already.`);
  if (facts.standbyIll !== null) return no('STANDBY_ILL', `The standby could not take over: ${facts.standbyIll}.`);
  if (wanted.by === 'age') {
    const young = tooYoung(facts, policy, nowMs);
    if (young !== null) return young;
  }
  if (!wanted.force) {
    const waits = [cooldown, tooMany, forbidden].map((rule) => rule(facts, policy, nowMs));
    const [latest] = waits.filter((wait) => wait !== null).sort((one, other) => (other.untilMs ?? 0) - (one.untilMs ?? 0));
    if (latest !== undefined) return latest;
  }
  if (wanted.by !== 'operator' && policy.mode === 'approval' && !wanted.isApproved) {
    return { verdict: 'ask', code: 'APPROVAL_NEEDED', text: 'Policy wants an operator to approve it.', untilMs: null };
  }
  return { verdict: 'go', code: 'ALLOWED', text: 'Nothing speaks against it.', untilMs: null };
}

function tooYoung({ activeSinceMs }: Facts, { maxAgeMs }: Policy, nowMs: number): Judgement | null {
  if (maxAgeMs === null) return no('NO_AGE_LIMIT', 'Policy has no limit of age.');
  if (activeSinceMs === null || nowMs - activeSinceMs >= maxAgeMs) return null;
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
