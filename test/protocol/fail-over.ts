// A fail-over: the steps of activities/fail-over/ as atomic actions of attempts, of which an overtaken one may go on late.

import { powerOff } from './outage.js';
import * as rows from './rows.js';
import type { Action, Model, Rules } from './rules.js';
import { storeOf } from './servers.js';
import type { World } from './world.js';
import { fail, mayAct, proxyOf } from './world.js';

export type Step = 'fence' | 'rescue' | 'route' | 'empty' | 'start' | 'conclude' | 'ended';

/** The workflow: where it is, and what its steps have told it. */
export interface FailOver {
  run: string;
  at: Step;
  /** Sessions that the machine was seen to have, and that were rescued. */
  seen: number;
  saved: number;
  /** It was given back, or taken over after it had routed: what is to become of the machine is an operator's matter. */
  isLeft: boolean;
  attempts: FailOverAttempt[];
}

interface FailOverAttempt extends rows.Pen {
  at: Step;
  /** The first look of `fence`: whether the machine is ill still. */
  isFirst: boolean;
}

type Effect = (model: Model, world: World, attempt: FailOverAttempt) => 'done' | 'ended';

const EFFECTS: Record<Exclude<Step, 'ended'>, Effect> = { fence, rescue, route, empty, start, conclude };

/** What the attempts may do next, and whether one begins. */
export function failOverActions(model: Model, world: World): Action[] {
  const { failOver } = world;
  const going = (failOver?.attempts ?? []).flatMap((attempt, index) => steps(model, world, attempt, index));
  return [...beginnings(model, world), ...going, ...again(world)];
}

/** One that finds the machine ill: activities/fail-over/prepare-standby.ts. */
function beginnings({ rules }: Model, world: World): Action[] {
  const { pool } = world.rows;
  const mayBe = pool.run === null || world.left.closings > 0;
  const isHalfMoved = pool.phase === 'moving' || pool.phase === 'sealed';
  if (world.left.failOvers === 0 || !mayBe || (isHalfMoved && rules.failsOverSteadyOnly)) return [];
  if (pool.active === 'a' && world.machines.a.power === 'on') return [];
  return [
    {
      name: `a fail-over begins${pool.run === null ? '' : `, as the workflow of ${pool.run} is closed`}`,
      apply: (next) => {
        next.left.failOvers--;
        if (pool.run !== null) next.left.closings--;
        if (pool.run !== null && pool.phase !== 'steady') {
          rows.abandonPool(next.rows, pool.run);
          next.rows.pool.phase = 'steady';
        }
        const run = `fail-over-${next.left.failOvers}`;
        rows.claimPool(next.rows, run, next.rows.pool.run);
        // Of another run, the effects that are on their way.
        const late = next.failOver?.attempts ?? [];
        next.failOver = { run, at: orderOf(rules)[0] ?? 'ended', seen: 0, saved: 0, isLeft: false, attempts: late };
        if (pool.active === 'a') return begin(next);
        // The standby serves already, and is well.
        rows.abandonPool(next.rows, run);
        Object.assign(next.failOver, { at: 'ended', isLeft: true });
      },
    },
  ];
}

/** A later attempt of the step that the workflow is at. */
export function begin(world: World, isFirst = true): void {
  const { failOver } = world;
  if (failOver === null) return;
  const token = rows.takeToken(world.rows, failOver.run);
  if (token === 'fenced') return;
  failOver.attempts = failOver.attempts.filter(({ at }) => at !== 'ended');
  failOver.attempts.push({ run: failOver.run, token, at: failOver.at, isFirst });
}

function again({ rows: { pool }, left, failOver }: World): Action[] {
  if (left.attempts === 0 || failOver === null || pool.run !== failOver.run) return [];
  return [
    {
      name: 'another attempt of the fail-over begins',
      apply: (next) => {
        next.left.attempts--;
        begin(next, false);
      },
    },
  ];
}

function steps(model: Model, world: World, attempt: FailOverAttempt, index: number): Action[] {
  const { at, token } = attempt;
  if (at === 'ended' || (at === 'start' && !mayComeBack(model, world))) return [];
  const take = (next: World, isHeard: boolean): void => {
    const it = next.failOver?.attempts[index] as FailOverAttempt;
    const done = EFFECTS[at](model, next, it) === 'done';
    it.isFirst = false;
    it.at = 'ended';
    // Temporal waits for the latest attempt only.
    if (!done || next.failOver?.run !== it.run || next.rows.pool.token !== it.token) return;
    if (isHeard) next.failOver.at = orderOf(model.rules)[orderOf(model.rules).indexOf(at) + 1] ?? 'ended';
    if (next.failOver.at === 'ended') return;
    if (isHeard) it.at = next.failOver.at;
    else begin(next, false);
  };
  const name = `attempt ${token} of the fail-over: ${at}`;
  const heard: Action = { name, apply: (next) => take(next, true) };
  if (world.left.unheard === 0 || at === 'conclude') return [heard];
  const unheard: Action = {
    name: `${name}, and nobody hears of it`,
    apply: (next) => {
      next.left.unheard--;
      take(next, false);
    },
  };
  return [heard, unheard];
}

/** In the order that the rules say. */
function orderOf({ fences, fencesBeforeRoute, rescuesBeforeRoute, routeBeforeBack }: Rules): Step[] {
  const all: Step[] = ['fence', 'rescue', 'route', 'empty', 'start', 'conclude', 'ended'];
  const moved = (step: Step, behind: Step): void => {
    all.splice(all.indexOf(step), 1);
    all.splice(all.indexOf(behind) + 1, 0, step);
  };
  if (!fences) all.shift();
  else if (!fencesBeforeRoute) moved('fence', 'route');
  if (!rescuesBeforeRoute) moved('rescue', 'route');
  if (!routeBeforeBack) moved('route', 'start');
  return all;
}

function mayTouch({ rules }: Model, world: World, attempt: FailOverAttempt): boolean {
  return !rules.failOverFenced || mayAct(world, attempt);
}

function fence(model: Model, world: World, attempt: FailOverAttempt): 'done' | 'ended' {
  if (!mayTouch(model, world, attempt)) return 'ended';
  if (attempt.isFirst && world.machines.a.power === 'on') {
    rows.abandonPool(world.rows, attempt.run);
    if (world.failOver?.run === attempt.run) world.failOver.isLeft = true;
    return 'ended';
  }
  powerOff(model, world);
  return 'done';
}

/** False when somebody had started it. */
function keepOff(model: Model, world: World): boolean {
  const { fences, fencesBeforeRoute, keepsOff } = model.rules;
  const wasOff = world.machines.a.power === 'off';
  if (fences && fencesBeforeRoute && keepsOff) powerOff(model, world);
  return wasOff;
}

function rescue(model: Model, world: World, attempt: FailOverAttempt): 'done' | 'ended' {
  if (!mayTouch(model, world, attempt)) return 'ended';
  keepOff(model, world);
  giveAll(model, world);
  return 'done';
}

function giveAll(model: Model, world: World): void {
  const { failOver, clients } = world;
  if (model.mechanism === 'shared' || failOver === null) return;
  const [from, to] = [storeOf(model, world, 'a'), storeOf(model, world, 'b')];
  if (model.rules.rescueClears) to.clear();
  for (const [key, stored] of from) if (!to.has(key)) to.set(key, { ...stored });
  failOver.seen = new Set([...clients.cookies.values(), ...clients.lost, ...from.keys()]).size;
  failOver.saved = model.rules.countsLost ? from.size : failOver.seen;
  if (!model.rules.rescueCopies) from.clear();
}

function route(model: Model, world: World, attempt: FailOverAttempt): 'done' | 'ended' {
  if (world.rows.pool.active === 'a') {
    if (!mayTouch(model, world, attempt)) return 'ended';
    const wasOff = keepOff(model, world);
    if (!wasOff && model.rules.rescuesAgain) giveAll(model, world);
  } else if (!model.rules.routesOnce) {
    return rows.failOverPool(world.rows, attempt, 'a') === 'done' ? 'done' : 'ended';
  }
  return rows.failOverPool(world.rows, attempt, 'b') === 'done' ? 'done' : 'ended';
}

function empty(model: Model, world: World, attempt: FailOverAttempt): 'done' | 'ended' {
  if (!mayTouch(model, world, attempt)) return 'ended';
  if (model.rules.backFromOff) powerOff(model, world);
  if (model.mechanism === 'swap' && model.rules.forsakesStore) storeOf(model, world, 'a').clear();
  return 'done';
}

/** Every registered proxy routes by the row, and none still tries to send the machine what it routed to it before. */
function mayComeBack({ rules }: Model, world: World): boolean {
  const live = rows.liveIncarnations(world.rows);
  const { epoch } = world.rows.pool;
  const isKnown = live.length > 0 && live.every((one) => (proxyOf(world, one)?.routing.epoch ?? 0) >= epoch);
  const isAwaited = world.requests.some(({ machine, stage }) => machine === 'a' && stage !== 'waiting');
  return (isKnown || !rules.backWhenAllKnow) && (!isAwaited || !rules.backWhenNoneIsSent);
}

function start(model: Model, world: World, attempt: FailOverAttempt): 'done' | 'ended' {
  if (!mayTouch(model, world, attempt)) return 'ended';
  world.machines.a.power = 'on';
  return 'done';
}

/** What was lost has been counted. */
function conclude(model: Model, world: World, attempt: FailOverAttempt): 'done' | 'ended' {
  const { seen, saved } = world.failOver ?? { seen: 0, saved: 0 };
  if (rows.releasePool(world.rows, attempt) === 'fenced') return 'ended';
  if (model.mechanism === 'swap' && world.clients.lost.size > Math.max(0, seen - saved))
    fail(world, `${[...world.clients.lost].join()} are lost, and ${seen - saved} were counted`);
  return 'done';
}
