// Named scenarios: each lets happen what one part of the protocol is there for, and little else.

import type { Scenario } from './scenario.js';

const ONE = { proxies: 1, sessions: 1 } as const;

/** What begins in a session that a log-in renames while the pool is steady, so that nobody takes note. */
export const renamedUnder = (kind: 'request' | 'stream'): string[] => [
  kind === 'stream' ? 'a stream request of s1' : 'a plain request of s1',
  'begins to execute request 1',
  'a log-in request of s1',
  'begins to execute request 2',
  'answers request 2',
  'saves s1',
];

/** Small enough to be explored whole in every test run. */
export const SCENARIOS = {
  'a session moves': { from: 'steady', ...ONE, left: { requests: 1, holds: 1 } },
  'a session moves under two requests': { from: 'moving', ...ONE, left: { requests: 2, holds: 1 } },
  'a hold is overdue': { from: 'moving', ...ONE, left: { requests: 1, holds: 2, overdue: 1 } },
  // A restart of the database looks like this to everybody else.
  'a commit is lost': { from: 'moving', ...ONE, left: { requests: 1, holds: 2, lostCommits: 1 } },
  'a first request meets the redirect': { from: 'steady', sessions: 1, left: { requests: 1, newcomers: 1 } },
  'a session begins on the standby': { from: 'moving', sessions: 1, left: { requests: 1, newcomers: 1 } },
  'a log-in': { from: 'moving', ...ONE, left: { requests: 1, logIns: 1, holds: 1 } },
  'a stream is open': { from: 'moving', ...ONE, left: { requests: 1, streams: 1, holds: 1 } },
  'an attempt is overtaken': { from: 'moving', ...ONE, left: { holds: 2, attempts: 1 } },
  'another run takes over': { from: 'moving', ...ONE, left: { holds: 2, takeOvers: 1 } },
  'two proxies': { from: 'moving', sessions: 1, left: { requests: 1, holds: 1 } },
  'a proxy starts in the middle': { from: 'moving', sessions: 1, startsLate: true, left: { requests: 1, holds: 1 } },
} satisfies Record<string, Scenario>;

/** Explored whole where there is time. */
export const LARGE_SCENARIOS = {
  'a session with a stream was renamed before the move': {
    from: 'moving',
    ...ONE,
    earlier: renamedUnder('stream'),
    left: { requests: 2, holds: 1 },
  },
  'two sessions in one request': { from: 'moving', proxies: 1, left: { requests: 1, pairs: 1, holds: 1 } },
  'a connection breaks': { from: 'moving', ...ONE, left: { requests: 2, holds: 1, broken: 1 } },
  'a proxy dies': { from: 'moving', ...ONE, left: { requests: 1, crashes: 1, holds: 1 } },
  'a proxy starts during the redirect': { from: 'steady', sessions: 1, startsLate: true, left: { requests: 1, newcomers: 1 } },
  'answers are late or lost': { from: 'moving', sessions: 1, left: { requests: 1, holds: 1, lateLoads: 1, lostAnswers: 1 } },
  'a session was renamed before the move': {
    from: 'moving',
    ...ONE,
    earlier: renamedUnder('request'),
    left: { requests: 2, holds: 1 },
  },
  'two requests, two proxies, two sessions': { from: 'moving', left: { requests: 2, holds: 1 } },
  'two holds, one of them overdue': { from: 'moving', left: { requests: 1, holds: 2, overdue: 1 } },
  'a proxy dies around the redirect': { from: 'steady', sessions: 1, left: { requests: 1, holds: 1, crashes: 1 } },
  'a log-in over two proxies': { from: 'moving', sessions: 1, left: { requests: 1, logIns: 1, holds: 1 } },
  'a log-in beside a stream': { from: 'moving', ...ONE, left: { streams: 1, logIns: 1, holds: 1 } },
  'a stream beside another proxy': { from: 'moving', sessions: 1, left: { requests: 1, streams: 1, holds: 1 } },
  'a connection breaks beside another proxy': { from: 'moving', sessions: 1, left: { requests: 2, holds: 1, broken: 1 } },
} satisfies Record<string, Scenario>;

/** Where mutants are looked for: those of every test run, and what leads soon to where a rule is needed. */
export const MUTANT_SCENARIOS = {
  ...SCENARIOS,
  'two sessions in one request': LARGE_SCENARIOS['two sessions in one request'],
  'a session was renamed before the move': LARGE_SCENARIOS['a session was renamed before the move'],
  'a session with a stream was renamed before the move': LARGE_SCENARIOS['a session with a stream was renamed before the move'],
  'a proxy starts during the redirect': LARGE_SCENARIOS['a proxy starts during the redirect'],
  'a proxy has died under a request': {
    from: 'moving',
    ...ONE,
    already: [
      'a plain request of s1',
      'asks who owns k1',
      'learns owners',
      'begins to execute request 1',
      'crashes',
      'starts again',
      'loads the rows, and serves',
    ],
    left: { requests: 1, holds: 1 },
  },
  'an attempt is overtaken before it hands over': {
    from: 'moving',
    ...ONE,
    already: ['opens a hold of everything', 'loads the rows', 'acknowledge hold', 'asks the server'],
    left: { requests: 1, holds: 1, attempts: 1 },
  },
} satisfies Record<string, Scenario>;
