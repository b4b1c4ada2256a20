// A fail-over in the model: what is stored is not lost, nothing executes beside the new active machine, and the pool comes to rest.

import { describe, expect, test } from 'vitest';
import { describe as tell, explore } from './explore.js';
import { FAIL_OVER_SCENARIOS } from './fail-over-scenarios.js';
import { modelOf } from './rules.js';

describe.each(['swap', 'shared'] as const)('sessions are kept for %s', (mechanism) => {
  test.each(Object.entries(FAIL_OVER_SCENARIOS))('nothing that was stored is lost while %s', (_name, scenario) => {
    const found = explore(modelOf(mechanism), scenario);

    expect(found.violation, tell(found)).toBeNull();
    expect(found.isComplete).toBe(true);
  });
});
