// The model of the session protocol in larger worlds than every test run has time for.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rounds } from '../fixtures/rounds.js';
import { describe as tell, explore } from '../protocol/explore.js';
import { LARGE_FAIL_OVER_SCENARIOS } from '../protocol/fail-over-scenarios.js';
import { modelOf } from '../protocol/rules.js';
import { LARGE_SCENARIOS } from '../protocol/scenarios.js';
import { walkProperty } from '../protocol/walk.js';

/** Of one world on a machine that does much else: alone none takes a third of it. */
const PATIENCE = { timeout: 900_000 };

describe.each(['swap', 'shared'] as const)('sessions move by %s', (mechanism) => {
  // Those of a fail-over take minutes each, and what is stored matters where sessions are swapped.
  test.each(Object.entries({ ...LARGE_SCENARIOS, ...(mechanism === 'swap' ? LARGE_FAIL_OVER_SCENARIOS : {}) }))(
    'nothing is lost with %s',
    PATIENCE,
    (_name, scenario) => {
      const found = explore(modelOf(mechanism), scenario);

      expect(found.violation, tell(found)).toBeNull();
      expect(found.isComplete).toBe(true);
    },
  );
});

test('no random walk breaks the protocol', PATIENCE, () => {
  fc.assert(walkProperty(), { numRuns: rounds(60_000, 15_000) });
});
