// The names of a fail-over's steps, and what an operator sees of them.

import type { Rescued } from '../activities/fail-over/rescue-sessions.js';
import type { Plan } from './steps.js';

export const FAIL_OVER_STEPS = ['prepareStandby', 'fence', 'rescueSessions', 'route', 'bringBack'] as const;
export type FailOverStep = (typeof FAIL_OVER_STEPS)[number];

export const FAIL_OVER: Plan<FailOverStep> = {
  title: 'Fail-over',
  steps: FAIL_OVER_STEPS,
  summaries: {
    prepareStandby: 'Take the pool, look at the active machine once more, make sure that the standby runs and is healthy',
    fence: 'Make sure that the active machine is off, so that it executes nothing any more (point of no return)',
    rescueSessions: 'Give the standby what the machine had stored of its sessions',
    route: 'Send all requests to the standby, which is the active machine from now on',
    bringBack: 'Boot the machine that had failed, as the standby',
  },
  pointOfNoReturn: 'prepareStandby',
  abortUntil: 'until `fence` begins',
  noWayBack: 'The machine has been told to end, so the fail-over can only go forward.',
  meanwhile: 'Until `route` is done, requests to the machine fail.',
};

/** What became of the sessions, in words. */
export function describeRescued({ saved, lost }: Rescued): string {
  if (saved === null) return 'sessions are in a store of both machines';
  // What a machine has in its memory alone dies with it, also of a session that is saved.
  return `${saved} sessions saved as they were last stored, without later changes, ${lost === null ? 'nobody knows how many lost' : `about ${lost} lost`}`;
}
