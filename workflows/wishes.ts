// What becomes of a wish for a restart or a fail-over beside what is wanted already: at most one is wanted, and the stronger word wins. Pure.

import type { Wanted } from '../policy/may-restart.js';
import type { Supervision } from './supervision.js';
import { OUTAGE_OVER_MS } from './supervision.js';

export interface Taken {
  change: Partial<Supervision>;
  /** What is answered to the wish whose place it takes, where policy has not spoken of that yet: its only explanation. */
  replaced: Pick<Answer, 'code' | 'text'> | null;
  /** What is answered at once; null where policy's answer is the explanation. */
  answer: Answer | null;
}

interface Answer {
  code: string;
  text: string;
  isRefusal: boolean;
}

/** Takes the wish up, lets it wait, or refuses it. */
export function takeWish({ paused, running, wanted, displaced, judgement }: Supervision, next: Wanted): Taken {
  if (running !== null) return refused('RESTART_RUNNING', `${running} is under way.`);
  if (paused !== null) return refused('PAUSED', `The supervisor is paused: ${paused}.`);
  if (wanted === null) return { change: { wanted: next, judgement: null }, replaced: null, answer: null };
  if (weightOf(next) > weightOf(wanted)) {
    const text = `It takes the place of what was wanted by ${wanted.by}.`;
    const change = { wanted: next, displaced: next.by === 'down' ? wanted : null, judgement: null };
    return { change, replaced: judgement === null ? outweighed(next) : null, answer: answered('TAKEN_UP', text) };
  }
  if (wanted.by === 'down' && next.by !== 'down' && weightOf(next) > weightOf(displaced))
    return { change: { displaced: next }, replaced: null, answer: outweighed(wanted) };
  const text = `A ${wishFor(wanted)} is wanted already, by ${wanted.by}.`;
  return { change: {}, replaced: null, answer: answered('ALREADY_WANTED', text) };
}

/** What is wanted, in a word. */
export function wishFor(wanted: Pick<Wanted, 'by'> | null): string {
  return wanted?.by === 'down' ? 'fail-over' : 'restart';
}

/** What comes of a wish that an operator approves. */
export function describeApproved({ wanted, paused }: Pick<Supervision, 'wanted' | 'paused'>): string {
  const when = paused === null ? 'when nothing else speaks against it' : 'after "resume", when nothing else speaks against it';
  return `The ${wishFor(wanted)} begins ${when}.`;
}

/** What comes of a wish that an operator rejects. The monitor tells of a machine that is down every half a minute. */
export function describeRejected({ wanted, displaced }: Pick<Supervision, 'wanted' | 'displaced'>): string {
  const rest = displaced === null ? '' : ` The ${wishFor(displaced)} that was wanted before, by ${displaced.by}, is again.`;
  const again =
    wanted?.by === 'down'
      ? ` While ${wanted.machine ?? 'the active machine'} stays down, one is wanted again within half a minute, and waits for approval then.`
      : '';
  return `The ${wishFor(wanted)} that was wanted is dropped.${again}${rest}`;
}

/** What comes of the end of a pause. */
export function describeResumed({ wanted }: Pick<Supervision, 'wanted'>): string {
  if (wanted === null) return 'Nothing is wanted: it watches again, and begins what policy allows.';
  return `The ${wishFor(wanted)} that is wanted, by ${wanted.by}, begins now if policy allows it.`;
}

/** How the next fail-over begins after one that was rejected or has failed; null where there was none, or what is wanted tells by itself. */
export function describeDeclined({
  isFailOverDeclined,
  downToldMs,
  wanted,
  running,
  paused,
}: Pick<Supervision, 'isFailOverDeclined' | 'downToldMs' | 'wanted' | 'running' | 'paused'>): string | null {
  if (!isFailOverDeclined || running !== null || paused !== null || wanted?.by === 'down') return null;
  // A supervisor of before has not noted when.
  const until = downToldMs === null ? '' : ` until ${new Date(downToldMs + OUTAGE_OVER_MS).toISOString()}`;
  return `The last fail-over was rejected or has failed: while the active machine is down, one is wanted again within half a minute, and${until} waits for approval.`;
}

/** A machine that is down weighs most. An operator's word weighs more than a sign, and a sign more than the question of age: the other way round it adds nothing. */
function weightOf(wanted: Wanted | null): number {
  if (wanted === null) return -1;
  const { by, force } = wanted;
  return ['age', 'aging', 'operator', 'operator by force', 'down'].indexOf(by) + (force ? 1 : 0);
}

/** What is answered to a wish beside which that one weighs more. */
function outweighed({ by }: Wanted): Answer {
  if (by === 'down') return answered('WAITS_FOR_FAIL_OVER', 'A fail-over is wanted: it waits for the end of that.');
  return answered('REPLACED', `What is wanted by ${by} weighs more and takes its place: one restart comes of both.`);
}

function answered(code: string, text: string): Answer {
  return { code, text, isRefusal: false };
}

function refused(code: string, text: string): Taken {
  return { change: {}, replaced: null, answer: { code, text, isRefusal: true } };
}
