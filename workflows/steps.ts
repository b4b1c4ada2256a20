// The names of a clean restart's steps, and what an operator sees of them.

import type { FailureRecord } from './failure-record.js';

export const STEPS = ['bootStandby', 'redirectTraffic', 'migrateSessions', 'awaitDrain', 'restartPrimary', 'swapRoles'] as const;
export type StepName = (typeof STEPS)[number];

/** What the Temporal UI shows beside an event. */
export const SUMMARIES = {
  bootStandby: 'Boot the standby, wait for its application, check that sessions can move',
  redirectTraffic: 'Send new requests and sessions to the standby (point of no return)',
  migrateSessions: 'Hand sessions over, idle ones first',
  awaitDrain: 'Wait for running requests, hand over the rest, seal the primary',
  restartPrimary: 'Restart the primary machine and wait for its application',
  swapRoles: 'Make the standby the active machine',
  // What serves a step, or undoes it.
  ensureRedirect: 'Make sure that every proxy sends new requests to the standby',
  observePrimary: 'Note which boot of the primary runs, so that it is restarted once',
  abandonRestart: 'Give the pool back as it was',
  canList: 'Ask whether lists can have search attributes',
} as const satisfies Record<StepName, string> & Record<string, string>;

export interface StepTime<Name extends string = StepName> {
  name: Name;
  /** From its first start to its end, with what it waited for an operator meanwhile; null while it has not ended, and when it was skipped. */
  ms: number | null;
}

/** What a workflow of steps is called and goes through. */
export interface Plan<Name extends string> {
  title: string;
  steps: readonly Name[];
  summaries: Record<Name, string>;
  /** Once it is done there is no way back. */
  pointOfNoReturn: Name;
  /** Until when the update `abort` gives it up, and why it does not later. */
  abortUntil: string;
  noWayBack: string;
  /** What clients get while it waits for an operator. */
  meanwhile: string;
}

export const CLEAN_RESTART: Plan<StepName> = {
  title: 'Clean restart',
  steps: STEPS,
  summaries: SUMMARIES,
  pointOfNoReturn: 'redirectTraffic',
  abortUntil: 'until the standby takes traffic',
  noWayBack: 'The standby has sessions of its own by now, so the restart can only go forward.',
  meanwhile: 'The pool serves all its traffic meanwhile.',
};

export interface RestartStatus<Name extends string = StepName> {
  pool: string;
  /** Why it was begun, or null. */
  reason: string | null;
  step: Name | null;
  /** When that step began, in ms since 1970; however often it was tried since. */
  stepStartedAtMs: number | null;
  steps: StepTime<Name>[];
  /** Those that an operator has gone on without. */
  skipped: Name[];
  /** Why the workflow waits for an operator, or null. */
  waiting: string | null;
  /** When it began to wait, in ms since 1970: the figures in `waiting` are of that moment. */
  waitingSinceMs: number | null;
  /** The code of what it waits for, where that has one. */
  code: string | null;
  /** What steps have come to, in words; none of those that have nothing to tell. */
  found: Partial<Record<Name, string>>;
  /** Why it has given the pool back as it was, or null. */
  failure: FailureRecord | null;
}

/** Steps that an operator may go on without, and what that means. */
export const SKIPPABLE: Readonly<Record<string, string>> = {
  restartPrimary: 'go on without restarting the primary',
  fence: 'go on because you have seen to it yourself that the machine is off',
  rescueSessions: 'go on without its sessions',
  route: 'go on without the sessions that it has to rescue once more',
  bringBack: 'leave the machine as it is',
};

/** Such a step is not left out when it is skipped: it is done with less. */
export const DONE_WITH_LESS: ReadonlySet<string> = new Set(['route']);

/** What such a step of a pool's restart leaves to the operator who goes on without it; null where that is nothing. */
export function leftToDo(step: string, pool: string): string | null {
  switch (step) {
    case 'restartPrimary':
      return `see that the machine that was not restarted is well, for it is the standby: \`vm-rejuv boot ${pool}\` starts one that is off`;
    case 'bringBack':
      return `mend the machine that had failed, and start it by \`vm-rejuv boot ${pool}\` once every proxy answers`;
    default:
      return null;
  }
}

/** The updates that help a run that waits for an operator in this step. */
export function helpfulUpdates(step: string | null): ('retry' | 'skip')[] {
  return step !== null && Object.hasOwn(SKIPPABLE, step) ? ['retry', 'skip'] : ['retry'];
}
