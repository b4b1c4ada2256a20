// Negative controls: whichever rule of the protocol is left out, the exploration finds what goes wrong.

import { expect, test } from 'vitest';
import { explore } from './explore.js';
import type { Rules } from './rules.js';
import { modelOf, RULES } from './rules.js';
import { FAIL_OVER_SCENARIOS } from './fail-over-scenarios.js';
import { MUTANT_SCENARIOS } from './scenarios.js';
import type { Mechanism } from './world.js';

const ALL = { ...MUTANT_SCENARIOS, ...FAIL_OVER_SCENARIOS };

interface Mutant {
  /** What the protocol would do without the rule. */
  does: string;
  scenario: keyof typeof ALL;
  mechanism: Mechanism;
  violates: RegExp;
}

const LOST = /session lost/;
const BOTH = /both machines execute/;
const STALE = /update lost/;
const CUT_OFF = /cuts off/;
const SPLIT = /two owners/;
const BESIDE = /b is the active machine/;

const MUTANTS: Record<keyof Rules, Mutant> = {
  commitComparesRow: {
    does: 'commits without a look at the row',
    scenario: 'a hold is overdue',
    mechanism: 'swap',
    violates: LOST,
  },
  everyoneAcknowledges: {
    does: 'commits without every acknowledgement',
    scenario: 'two proxies',
    mechanism: 'swap',
    violates: LOST,
  },
  uncleanEndsAreWaitedFor: {
    does: 'trusts quiet after the crash of a proxy',
    scenario: 'a proxy has died under a request',
    mechanism: 'shared',
    violates: BOTH,
  },
  endsComeFromRows: { does: 'lets go by its own clock', scenario: 'a hold is overdue', mechanism: 'swap', violates: LOST },
  rowBeforeMessage: {
    does: 'tells the proxies before the row',
    scenario: 'a commit is lost',
    mechanism: 'swap',
    violates: STALE,
  },
  recordsBeforeResponse: {
    does: 'records an id after its response',
    scenario: 'a session begins on the standby',
    mechanism: 'swap',
    violates: LOST,
  },
  sealIsLoaded: { does: 'ends the last hold by a message', scenario: 'two proxies', mechanism: 'shared', violates: CUT_OFF },
  opensFirst: {
    does: 'moves without opening',
    scenario: 'a first request meets the redirect',
    mechanism: 'swap',
    violates: LOST,
  },
  looksUpUnknownKeys: {
    does: 'routes unknown keys from memory',
    scenario: 'a session begins on the standby',
    mechanism: 'swap',
    violates: LOST,
  },
  registersBeforeLoad: {
    does: 'loads before it registers',
    scenario: 'a proxy starts during the redirect',
    mechanism: 'swap',
    violates: LOST,
  },
  handOverNeverReplaces: {
    does: 'hands over late what replaces newer state',
    scenario: 'an attempt is overtaken before it hands over',
    mechanism: 'swap',
    violates: STALE,
  },
  barrierByObject: {
    does: 'asks the server by key, not by session object',
    scenario: 'a session was renamed before the move',
    mechanism: 'swap',
    violates: STALE,
  },
  barrierAwaitsSave: {
    does: 'takes quiet for saved',
    scenario: 'a session moves under two requests',
    mechanism: 'shared',
    violates: STALE,
  },
  openClearsRows: { does: 'keeps rows of the last run', scenario: 'a session moves', mechanism: 'swap', violates: LOST },
  streamsKeepSessions: {
    does: 'moves sessions with a stream',
    scenario: 'a stream is open',
    mechanism: 'shared',
    violates: BOTH,
  },
  streamsKeepMemory: {
    does: 'swaps sessions out under their streams',
    scenario: 'a stream is open',
    mechanism: 'swap',
    violates: /under its stream/,
  },
  awaitsOlderRequests: {
    does: 'moves by name beside requests from before',
    scenario: 'a session was renamed before the move',
    mechanism: 'shared',
    violates: BOTH,
  },
  awaitsOlderStreams: {
    does: 'moves by name beside streams from before',
    scenario: 'a session with a stream was renamed before the move',
    mechanism: 'shared',
    violates: BOTH,
  },
  groupsMoveWhole: { does: 'moves keys apart that come together', scenario: 'a log-in', mechanism: 'swap', violates: SPLIT },
  regroupsWhenHeld: {
    does: 'goes by the groups of before the hold',
    scenario: 'two sessions in one request',
    mechanism: 'swap',
    violates: SPLIT,
  },
  takesBackFenced: {
    does: 'takes back after it was overtaken',
    scenario: 'an attempt is overtaken',
    mechanism: 'swap',
    violates: LOST,
  },
  takesBackByRows: {
    does: 'takes back without a look at the rows',
    scenario: 'a commit is lost',
    mechanism: 'swap',
    violates: LOST,
  },
  failsOverSteadyOnly: {
    does: 'fails over a pool whose sessions are half moved',
    scenario: 'sessions are moving',
    mechanism: 'swap',
    violates: LOST,
  },
  fences: {
    does: 'fails over without a fence',
    scenario: 'a machine that hangs goes on late',
    mechanism: 'shared',
    violates: BESIDE,
  },
  fencesBeforeRoute: {
    does: 'fences after it has routed',
    scenario: 'a machine that hangs goes on late',
    mechanism: 'shared',
    violates: BESIDE,
  },
  keepsOff: {
    does: 'fences once, and never looks again',
    scenario: 'somebody starts the machine',
    mechanism: 'shared',
    violates: BESIDE,
  },
  rescuesBeforeRoute: { does: 'rescues after it has routed', scenario: 'the machine dies', mechanism: 'swap', violates: STALE },
  rescuesAgain: {
    does: 'rescues once, whoever starts the machine',
    scenario: 'somebody starts the machine',
    mechanism: 'swap',
    violates: STALE,
  },
  rescueCopies: {
    does: 'takes away what it rescues',
    scenario: 'the end of a step is not heard of',
    mechanism: 'swap',
    violates: LOST,
  },
  rescueClears: { does: 'rescues beside older states', scenario: 'the machine dies', mechanism: 'swap', violates: STALE },
  countsLost: {
    does: 'takes all for saved that it was to save',
    scenario: 'the machine dies',
    mechanism: 'swap',
    violates: /were counted/,
  },
  routeBeforeBack: {
    does: 'brings the machine back before it routes',
    scenario: 'the machine dies',
    mechanism: 'swap',
    violates: LOST,
  },
  routesOnce: {
    does: 'swaps the roles each time it routes',
    scenario: 'the end of a step is not heard of',
    mechanism: 'shared',
    violates: /not swapped/,
  },
  backWhenAllKnow: {
    does: 'brings the machine back while a proxy is behind',
    scenario: 'a proxy is behind',
    mechanism: 'shared',
    violates: BESIDE,
  },
  backWhenNoneIsSent: {
    does: 'brings the machine back under requests that try to reach it',
    scenario: 'the machine dies',
    mechanism: 'shared',
    violates: BESIDE,
  },
  backFromOff: {
    does: 'takes a machine back that somebody has started',
    scenario: 'somebody starts the machine',
    mechanism: 'swap',
    violates: /the standby has sessions/,
  },
  forsakesStore: {
    does: 'brings the machine back with what it had stored',
    scenario: 'the machine dies',
    mechanism: 'swap',
    violates: /the standby has sessions/,
  },
  failOverFenced: {
    does: 'goes on with a fail-over that was overtaken',
    scenario: 'an attempt at it is overtaken',
    mechanism: 'swap',
    violates: LOST,
  },
};

/** The largest of them needs half. */
const LIMIT = 20_000;

test.each(Object.entries(MUTANTS).map(([rule, mutant]) => ({ rule, ...mutant })))(
  'it is found what a protocol breaks that $does',
  ({ rule, scenario, mechanism, violates }) => {
    const found = explore(modelOf(mechanism, { [rule]: false }), ALL[scenario], LIMIT);

    expect(found.violation).toMatch(violates);
  },
);

test('every rule has its mutant', () => {
  expect(Object.keys(MUTANTS).sort()).toEqual(Object.keys(RULES).sort());
});
