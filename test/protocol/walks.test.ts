// Five requests, four holds and several faults at once: more than can be explored whole.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Rules } from './rules.js';
import { walkProperty } from './walk.js';

test('no random walk breaks the protocol', () => {
  fc.assert(walkProperty(), { numRuns: 1000 });
});

test.each<keyof Rules>(['commitComparesRow', 'everyoneAcknowledges', 'recordsBeforeResponse', 'groupsMoveWhole'])(
  'random walks find out without %s',
  (rule) => {
    // A fixed seed: this tests the walks, which shall not depend on luck.
    const found = fc.check(walkProperty({ [rule]: false }), { numRuns: 20_000, seed: 24, endOnFailure: true });

    expect(found.failed).toBe(true);
  },
);
