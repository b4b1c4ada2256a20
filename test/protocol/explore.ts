// Every state that a scenario can reach, breadth first: the first violation found has the shortest trace.

import { howItEnds } from './ending.js';
import { canonical, copy, hash53, rename } from './plain.js';
import type { Model } from './rules.js';
import type { Scenario } from './scenario.js';
import { actionsOf, createWorld } from './scenario.js';
import type { Proxy, World } from './world.js';

export interface Exploration {
  states: number;
  /** Whether the whole scenario was explored, rather than a violation found or the limit reached. */
  isComplete: boolean;
  violation: string | null;
  /** Names of the actions that lead to the violation. */
  trace: string[];
}

interface State {
  world: World;
  hash: number;
  index: number;
}

export function explore(model: Model, scenario: Scenario, limit = Infinity): Exploration {
  const seen = new Set<number>();
  /** Of each state, by the order of its discovery: the state before it, and the action between. */
  const parents: number[] = [];
  const names: string[] = [];
  let level: State[] = [];
  const discover = (world: World, parent: number, name: string, next: State[]): number => {
    const hash = hash53(canonical(withProxiesInOrder(world)));
    if (!seen.has(hash)) {
      seen.add(hash);
      next.push({ world, hash, index: parents.push(parent) - 1 });
      names.push(name);
    }
    return hash;
  };
  const traceTo = (index: number): string[] => {
    const trace: string[] = [];
    for (let at = index; parents[at] !== -1; at = parents[at] as number) trace.unshift(names[at] as string);
    return trace;
  };
  const found = (index: number, violation: string, rest: string[]): Exploration => {
    return { states: seen.size, isComplete: false, violation, trace: [...traceTo(index), ...rest] };
  };
  discover(createWorld(model, scenario), -1, '', level);
  while (level.length > 0) {
    const next: State[] = [];
    for (const { world, hash, index } of level) {
      if (world.violation !== null) return found(index, world.violation, []);
      let goesOn = false;
      for (const action of actionsOf(model, world)) {
        const after = copy(world);
        action.apply(after);
        if (discover(after, index, action.name, next) !== hash) goesOn = true;
      }
      if (!goesOn) {
        const ending = howItEnds(model, world);
        if (ending.violation !== null) return found(index, ending.violation, ending.trace);
      }
      if (seen.size > limit) return { states: seen.size, isComplete: false, violation: null, trace: [] };
    }
    level = next;
  }
  return { states: seen.size, isComplete: true, violation: null, trace: [] };
}

/** Proxies are alike: states that differ in their names only are one. */
function withProxiesInOrder(world: World): World {
  const [first, second] = world.proxies;
  if (first === undefined || second === undefined) return world;
  const nameless = (proxy: Proxy): string => canonical({ ...proxy, slot: '', incarnation: proxy.incarnation.slice(1) });
  if (nameless(first) <= nameless(second)) return world;
  const other = (name: string): string =>
    name.startsWith('A') ? `B${name.slice(1)}` : name.startsWith('B') ? `A${name.slice(1)}` : name;
  return rename({ ...world, proxies: [second, first] }, other);
}

/** For people: what led to a violation, a step a line. */
export function describe({ states, violation, trace }: Exploration): string {
  return [`${violation ?? 'no violation'} (${states} states)`, ...trace.map((name, index) => `  ${index + 1}. ${name}`)].join(
    '\n',
  );
}
