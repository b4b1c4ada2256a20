// Named scenarios of a fail-over. In a steady pool of Tomcats the first session has come by a restart, the second has begun there.

import type { Scenario } from './scenario.js';

const FREE = { from: 'free', leftovers: true } as const;
const ONE = { proxies: 1, sessions: 1, leftovers: true } as const;

/** Small enough to be explored whole in every test run. */
export const FAIL_OVER_SCENARIOS = {
  'the machine dies': { ...FREE, proxies: 1, left: { requests: 2, deaths: 1, failOvers: 1 } },
  'a machine that hangs goes on late': { ...FREE, ...ONE, left: { requests: 2, hangs: 1, failOvers: 1 } },
  'a proxy is behind': { ...FREE, sessions: 1, left: { requests: 2, deaths: 1, failOvers: 1 } },
  'an attempt at it is overtaken': { ...FREE, ...ONE, left: { requests: 1, hangs: 1, failOvers: 1, attempts: 1 } },
  'the end of a step is not heard of': { ...FREE, ...ONE, left: { requests: 1, deaths: 1, failOvers: 1, unheard: 1 } },
  'somebody starts the machine': { ...FREE, ...ONE, left: { requests: 2, deaths: 1, failOvers: 1, starts: 1 } },
  'a restart had begun': { ...ONE, from: 'steady', left: { requests: 1, deaths: 1, failOvers: 1, closings: 1 } },
  // Nothing fails over: an operator starts the machine, and the restart goes on.
  'sessions are moving': { ...ONE, from: 'moving', left: { requests: 1, holds: 1, deaths: 1, failOvers: 1, closings: 1 } },
  'another fail-over takes over': { ...FREE, ...ONE, left: { requests: 1, deaths: 1, failOvers: 2, closings: 1 } },
} satisfies Record<string, Scenario>;

/** Explored whole where there is time. */
export const LARGE_FAIL_OVER_SCENARIOS = {
  'a machine that hangs, or dies, and an attempt that is overtaken': {
    ...FREE,
    left: { requests: 2, hangs: 1, deaths: 1, failOvers: 1, attempts: 1 },
  },
  'fail-overs that take over, whose steps are not heard of': {
    ...FREE,
    ...ONE,
    left: { requests: 2, hangs: 1, failOvers: 2, closings: 1, attempts: 1, unheard: 1 },
  },
  'a machine that somebody starts, under attempts': {
    ...FREE,
    sessions: 1,
    left: { requests: 2, deaths: 1, hangs: 1, failOvers: 1, starts: 1, attempts: 1 },
  },
  'a proxy that dies with the machine': {
    ...FREE,
    sessions: 1,
    left: { requests: 2, crashes: 1, deaths: 1, failOvers: 1, attempts: 1 },
  },
} satisfies Record<string, Scenario>;
