// When all faults are over and everything is delivered, the restart finishes, nobody waits, and every client finds its session.

import { decide } from './proxy-requests.js';
import { copy } from './plain.js';
import type { Action, Model } from './rules.js';
import { actionsOf } from './scenario.js';
import { addAttempt } from './coordinator.js';
import { begin } from './fail-over.js';
import { die } from './outage.js';
import { keysAt } from './servers.js';
import type { Machine, World } from './world.js';

/** Far more than an undisturbed restart takes. */
const MAX_STEPS = 150;

export interface Ending {
  violation: string | null;
  trace: string[];
}

export function howItEnds(model: Model, stopped: World): Ending {
  const world = copy(stopped);
  const trace: string[] = [];
  goOnUndisturbed(world);
  for (let step = 0; step < MAX_STEPS && world.violation === null; step++) {
    if (isOver(world) && world.requests.length === 0 && allServe(world) && !visit(model, world, trace)) break;
    const action = next(model, world);
    if (action === undefined) break;
    trace.push(action.name);
    action.apply(world);
  }
  const violation =
    world.violation ??
    (isOver(world) ? (waits(world) ?? isAmiss(model, world)) : `the restart does not end: ${world.rows.pool.phase}`);
  return { violation, trace };
}

/** No more faults and no more requests; a fresh attempt, and as many holds as it needs. */
function goOnUndisturbed(world: World): void {
  const { left, rows } = world;
  for (const name of Object.keys(left) as (keyof typeof left)[]) left[name] = 0;
  left.holds = MAX_STEPS;
  left.failOvers = 1;
  for (const attempt of [...world.attempts, ...(world.failOver?.attempts ?? [])]) attempt.at = 'ended';
  // By and by every hold that nobody ends is overdue.
  for (const hold of rows.holds) if (hold.state === 'held') hold.state = 'released';
  if (rows.pool.run !== null && rows.pool.run === world.failOver?.run) begin(world, false);
  else if (rows.pool.run !== null) addAttempt(world, rows.pool.run);
  for (const proxy of world.proxies) proxy.load = null;
}

/** What is under way comes to its end before the coordinator takes its next step; it seals right away, which moves the rest. */
function next(model: Model, world: World): Action | undefined {
  if (world.machines.a.power === 'hung' && world.rows.pool.phase !== 'steady') return operators(model, world);
  const actions = actionsOf(model, world).filter(
    ({ name }) => !/is told|looks what|of everything$|its own clock|goes on/.test(name),
  );
  return actions.find(({ name }) => !/^(attempt|a fail-over)/.test(name)) ?? actions[0] ?? operators(model, world);
}

/** In the middle of a restart nothing fails over: an operator starts the machine. */
function operators(model: Model, { machines }: World): Action | undefined {
  if (machines.a.power === 'on') return undefined;
  return {
    name: 'an operator starts a',
    apply: (next) => {
      die(model, next);
      next.machines.a.power = 'on';
    },
  };
}

/** After the end every session is asked for once, through each proxy. False when that was done before. */
function visit(model: Model, world: World, trace: string[]): boolean {
  const { cookies, acknowledged } = world.clients;
  if (trace.includes('every client comes once more')) return false;
  trace.push('every client comes once more');
  for (const proxy of world.proxies) {
    for (const [session, key] of cookies) {
      const request = {
        id: ++world.clients.sent,
        kind: 'plain' as const,
        sessions: [session],
        keys: [key],
        proxy: proxy.incarnation,
        machine: null,
        epoch: 0,
        stage: 'waiting' as const,
        isBroken: false,
        mustSee: [acknowledged.get(session) ?? 0],
      };
      world.requests.push(request);
      decide(model, proxy, request);
    }
  }
  return true;
}

function isOver({ rows: { pool }, machines }: World): boolean {
  return pool.run === null && pool.phase === 'steady' && machines[pool.active as Machine].power === 'on';
}

/** A machine that was failed over is the standby, empty, unless that was left to an operator. */
function isAmiss(model: Model, world: World): string | null {
  const {
    failOver,
    machines,
    rows: { pool },
  } = world;
  if (failOver === null || failOver.isLeft) return null;
  if (pool.active === 'a') return 'the roles are not swapped';
  if (machines.a.power !== 'on') return 'the standby is off';
  if (model.mechanism === 'swap' && keysAt(model, world, 'a').length > 0) return 'the standby has sessions';
  return null;
}

/** Clients come back when the proxies have: one that is down answers nobody. */
function allServe({ proxies }: World): boolean {
  return proxies.every(({ life }) => life === 'serving');
}

function waits({ requests, rows: { holds } }: World): string | null {
  if (requests.length > 0) return `request ${requests.map(({ id }) => id).join()} waits for ever`;
  return holds.some(({ state }) => state === 'held') ? 'a hold stays open' : null;
}
