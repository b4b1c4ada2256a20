// Where an exploration begins, and what may happen in it.

import { clientActions } from './clients.js';
import { addAttempt, coordinatorActions } from './coordinator.js';
import { failOverActions } from './fail-over.js';
import { outageActions } from './outage.js';
import { createProxy, deathActions, proxyActions, serve } from './proxies.js';
import * as rows from './rows.js';
import type { Action, Model } from './rules.js';
import { serverActions } from './servers.js';
import type { Budget, Server, World } from './world.js';

export interface Scenario {
  /** `free`: nobody has the pool. `steady`: before the restart. `moving`: every proxy has passed the point of no return, nothing has moved. */
  from: 'free' | 'steady' | 'moving';
  /** Two, unless one suffices to show something. */
  proxies?: 1 | 2;
  /** Two, unless one suffices. */
  sessions?: 1 | 2;
  /** What has happened while the pool was steady: a part of the name of each action. */
  earlier?: readonly string[];
  /** What has happened since the restart began. */
  already?: readonly string[];
  /** The last proxy has not been started yet. */
  startsLate?: boolean;
  /** What Tomcat stored of the first session when that came to it lies there still, and an older state of it where it came from. */
  leftovers?: boolean;
  left: Partial<Budget>;
}

const NOTHING: Budget = {
  requests: 0,
  logIns: 0,
  newcomers: 0,
  streams: 0,
  pairs: 0,
  crashes: 0,
  broken: 0,
  holds: 0,
  attempts: 0,
  takeOvers: 0,
  lateLoads: 0,
  overdue: 0,
  lostCommits: 0,
  lostAnswers: 0,
  deaths: 0,
  hangs: 0,
  failOvers: 0,
  closings: 0,
  starts: 0,
  unheard: 0,
};

/** Everything that may happen next. */
export function actionsOf(model: Model, world: World): Action[] {
  if (world.violation !== null) return [];
  return [
    ...clientActions(model, world),
    ...proxyActions(model, world),
    ...deathActions(world),
    ...serverActions(model, world),
    ...outageActions(model, world),
    ...coordinatorActions(model, world),
    ...failOverActions(model, world),
  ];
}

export function createWorld(
  model: Model,
  { from, left, proxies = 2, sessions = 2, earlier = [], already = [], startsLate = false, leftovers = false }: Scenario,
): World {
  const world: World = {
    rows: rows.createRows(),
    proxies: [createProxy('A'), createProxy('B')].slice(0, proxies),
    machines: { a: createServer(), b: createServer() },
    requests: [],
    attempts: [],
    failOver: null,
    clients: { cookies: new Map(), acknowledged: new Map(), replaced: new Set(), lost: new Set(), sent: 0 },
    left: { ...NOTHING },
    sealedBy: null,
    violation: null,
  };
  leaveTracesOfEarlierRun(world);
  const both: [string, string][] = [
    ['s1', 'k1'],
    ['s2', 'k2'],
  ];
  for (const [session, key] of both.slice(0, sessions)) {
    world.clients.cookies.set(session, key);
    world.clients.acknowledged.set(session, 1);
    if (model.mechanism === 'shared') world.machines.a.store.set(key, { session, key, content: 1 });
    else world.machines.a.memory.set(session, { session, key, content: 1, saved: 1 });
    if (!leftovers || session !== 's1') continue;
    world.machines.a.store.set(key, { session, key, content: 1 });
    if (model.mechanism === 'swap') world.machines.b.store.set(key, { session, key, content: 0 });
  }
  const serving = startsLate ? world.proxies.slice(0, -1) : world.proxies;
  for (const proxy of serving) {
    rows.registerProxy(world.rows, proxy.incarnation);
    serve(model, world, proxy);
  }
  play(model, world, earlier);
  if (from !== 'free') {
    rows.claimPool(world.rows, 'run', null);
    addAttempt(world, 'run');
  }
  if (from === 'moving') {
    for (const name of ['opens the pool', 'point of no return', 'all proxies move', 'clears away']) {
      play(model, world, [name]);
      for (const proxy of serving) serve(model, world, proxy);
    }
  }
  play(model, world, already);
  Object.assign(world.left, left);
  return world;
}

function createServer(): Server {
  return { power: 'on', memory: new Map(), store: new Map() };
}

/** Lets happen what is named, whatever the budget. */
function play(model: Model, world: World, names: readonly string[]): void {
  for (const name in world.left) world.left[name as keyof Budget] = names.length;
  for (const name of names) {
    const action = actionsOf(model, world).find((one) => one.name.includes(name));
    if (action === undefined)
      throw new Error(`nothing is named "${name}" after ${names.slice(0, names.indexOf(name)).join(', ')}`);
    action.apply(world);
  }
  Object.assign(world.left, NOTHING);
}

/** The pool was moved before, the other way: its rows remain until the next run opens. */
function leaveTracesOfEarlierRun({ rows: { pool, holds, owners } }: World): void {
  holds.push({ id: 1, run: 'earlier', token: 0, scope: 'keys', keys: ['k1'], state: 'committed', moved: ['k1'] });
  owners.set('k1', { machine: 'a', run: 'earlier' });
  Object.assign(pool, { epoch: 5 });
}
