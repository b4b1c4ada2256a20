// Negative controls: whichever rule of the protocol is left out, the exploration finds what goes wrong.

import { expect, test } from 'vitest';
import { explore } from './explore.js';
import type { Rules } from './rules.js';
import { modelOf, RULES } from './rules.js';
import { MUTANT_SCENARIOS } from './scenarios.js';
import type { Mechanism } from './world.js';

interface Mutant {
  /** What the protocol would do without the rule. */
  does: string;
  scenario: keyof typeof MUTANT_SCENARIOS;
  mechanism: Mechanism;
  violates: RegExp;
}

const LOST = /session lost/;
const BOTH = /both machines execute/;
const STALE = /update lost/;
const CUT_OFF = /cuts off/;
const SPLIT = /two owners/;

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
};

/** The largest of them needs half. */
const LIMIT = 20_000;

test.each(Object.entries(MUTANTS).map(([rule, mutant]) => ({ rule, ...mutant })))(
  'it is found what a protocol breaks that $does',
  ({ rule, scenario, mechanism, violates }) => {
    const found = explore(modelOf(mechanism, { [rule]: false }), MUTANT_SCENARIOS[scenario], LIMIT);

    expect(found.violation).toMatch(violates);
  },
);

test('every rule has its mutant', () => {
  expect(Object.keys(MUTANTS).sort()).toEqual(Object.keys(RULES).sort());
});
