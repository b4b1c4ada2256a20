// In every state that these scenarios can reach the protocol keeps what it promises, and from every end the restart finishes.

import { describe, expect, test } from 'vitest';
import { describe as tell, explore } from './explore.js';
import { modelOf } from './rules.js';
import { SCENARIOS } from './scenarios.js';

describe.each(['swap', 'shared'] as const)('sessions move by %s', (mechanism) => {
  test.each(Object.entries(SCENARIOS))('nothing is lost while %s', (_name, scenario) => {
    const found = explore(modelOf(mechanism), scenario);

    expect(found.violation, tell(found)).toBeNull();
    expect(found.isComplete).toBe(true);
  });
});
