import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as routing from '../../proxy/routing.js';
import type { Transitions } from '../fixtures/routing-check.js';
import { routingProperty } from '../fixtures/routing-check.js';

const { applySnapshot, decide, endHold, learnOwners, openHold } = routing;

test('however late, often and disordered the news come, no decision breaks the protocol', () => {
  fc.assert(routingProperty(routing), { numRuns: 5000 });
});

/** Each breaks one rule. The same property must find it out. */
const MUTANTS: Record<string, Partial<Transitions>> = {
  'an ended hold opens again': {
    endHold: (state, id, run, moved) => {
      endHold(state, id, run, moved);
      state.ended.delete(id);
    },
  },
  'a late end of an earlier run moves keys': {
    endHold: (state, id, _run, moved) => endHold(state, id, state.run, moved),
  },
  'an answer that was asked for in an earlier epoch is believed': {
    learnOwners: (state, _epoch, asked, atStandby) => learnOwners(state, state.epoch, asked, atStandby),
  },
  'an older answer takes a key back from the standby': {
    learnOwners: (state, epoch, asked, atStandby) => {
      if (epoch === state.epoch) for (const key of asked) state.owners.set(key, atStandby.has(key) ? 'standby' : 'primary');
    },
  },
  'a stale snapshot takes the epoch back': {
    applySnapshot: (state, snapshot, known) => {
      if (snapshot.epoch < state.epoch) state.epoch = 0;
      return applySnapshot(state, snapshot, known);
    },
  },
  'a snapshot ends holds that were opened after it': {
    applySnapshot: (state, snapshot) => applySnapshot(state, snapshot, [...state.holds.keys()]),
  },
  'owners outlive their epoch': {
    applySnapshot: (state, snapshot, known) => {
      const owners = [...state.owners];
      const changed = applySnapshot(state, snapshot, known);
      for (const [key, owner] of owners) state.owners.set(key, owner);
      return changed;
    },
  },
  'a hold of another run opens': {
    openHold: (state, id, hold) => openHold(state, id, { ...hold, run: state.run ?? '' }),
  },
  'a hold of everything holds nothing': {
    openHold: (state, id, hold) => openHold(state, id, { ...hold, scope: 'keys' }),
  },
  'requests without ids wait for holds': {
    decide: (state, keys) => (state.holds.size > 0 ? { kind: 'wait' } : decide(state, keys)),
  },
  'a sealed pool looks keys up': {
    decide: (state, keys) => (state.phase === 'sealed' && keys[0] !== undefined ? { kind: 'wait' } : decide(state, keys)),
  },
};

test.each(Object.entries(MUTANTS))('the check sees when %s', (_name, mutant) => {
  // A fixed seed: this tests the check, which shall not depend on luck.
  const found = fc.check(routingProperty({ ...routing, ...mutant }), { numRuns: 20_000, seed: 1, endOnFailure: true });

  expect(found.failed).toBe(true);
});
