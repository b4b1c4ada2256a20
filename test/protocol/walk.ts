// Random walks through worlds that are too large to be explored whole.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { howItEnds } from './ending.js';
import type { Rules } from './rules.js';
import { modelOf } from './rules.js';
import { actionsOf, createWorld } from './scenario.js';
import type { Scenario } from './scenario.js';
import { renamedUnder } from './scenarios.js';

const few = fc.nat({ max: 2 });
const none = fc.constantFrom(0, 0, 1);

const scenario: fc.Arbitrary<Scenario> = fc.record({
  from: fc.constantFrom('free' as const, 'steady' as const, 'moving' as const),
  proxies: fc.constantFrom(2 as const, 1 as const),
  sessions: fc.constantFrom(2 as const, 1 as const),
  leftovers: fc.boolean(),
  earlier: fc.constantFrom([], [], renamedUnder('request'), renamedUnder('stream')),
  left: fc.record({
    requests: fc.integer({ min: 1, max: 5 }),
    holds: fc.integer({ min: 1, max: 4 }),
    logIns: none,
    newcomers: few,
    streams: few,
    crashes: few,
    broken: few,
    attempts: few,
    takeOvers: none,
    lateLoads: few,
    overdue: few,
    lostCommits: none,
    lostAnswers: few,
    deaths: none,
    hangs: none,
    failOvers: few,
    closings: few,
    starts: none,
    unheard: none,
  }),
});

/** What happens next: the kind of thing first, so that rare kinds are not drowned by the many messages that may come. */
const choice = fc.record({ kind: fc.nat({ max: 1000 }), which: fc.nat({ max: 1000 }) });

/** Holds if no walk breaks the protocol, and each can be brought to a good end. */
export function walkProperty(
  mutant: Partial<Rules> = {},
): fc.IProperty<[Scenario, 'swap' | 'shared', { kind: number; which: number }[]]> {
  const choices = fc.array(choice, { minLength: 20, maxLength: 120, size: 'max' });
  return fc.property(scenario, fc.constantFrom('swap' as const, 'shared' as const), choices, (begun, mechanism, steps) => {
    const model = modelOf(mechanism, mutant);
    const world = createWorld(model, begun);
    const trace: string[] = [];
    for (const { kind, which } of steps) {
      const actions = actionsOf(model, world);
      const kinds = [...new Set(actions.map(({ name }) => kindOf(name)))];
      const chosen = actions.filter(({ name }) => kindOf(name) === kinds[kind % kinds.length]);
      const action = chosen[which % chosen.length];
      if (action === undefined) break;
      trace.push(action.name);
      action.apply(world);
    }
    const ending = howItEnds(model, world);
    assert.equal(ending.violation, null, [...trace, '-- from here on undisturbed', ...ending.trace].join('\n'));
  });
}

/** Who acts, and upon what kind of thing, without its number. */
function kindOf(name: string): string {
  return name.replace(/\d+|k\d\S*/g, '');
}
