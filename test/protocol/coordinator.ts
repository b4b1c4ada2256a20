// The coordinator: the steps of activities/ as atomic actions of attempts, of which an overtaken one may go on late.

import { groupsAround } from '../../activities/key-groups.js';
import { seenOnPrimary } from '../../proxy/quiet.js';
import type { AttemptAct } from './cut-over.js';
import { batchActions, opening } from './cut-over.js';
import * as handOver from './hand-over.js';
import { atPrimary } from './proxy-requests.js';
import * as rows from './rows.js';
import type { Action, Model } from './rules.js';
import { storeOf } from './servers.js';
import type { Attempt, Machine, Request, Step, World } from './world.js';
import { fail, mayAct, proxyOf } from './world.js';

/** What the attempts may do next, and which may begin. */
export function coordinatorActions(model: Model, world: World): Action[] {
  const going = world.attempts.flatMap((attempt, index) => {
    const act: AttemptAct = (name, apply) => ({
      name: `attempt ${attempt.token} ${name}`,
      apply: (next) => apply(next, next.attempts[index] as Attempt),
    });
    return steps(model, world, attempt, act);
  });
  return [...going, ...newAttempts(world)];
}

/** The next attempt takes the token; the one before may not know. */
function newAttempts(world: World): Action[] {
  const { run } = world.rows.pool;
  const actions: Action[] = [];
  if (run === null || run === world.failOver?.run) return [];
  if (world.left.attempts > 0) {
    actions.push({
      name: 'another attempt begins',
      apply: (next) => {
        next.left.attempts--;
        addAttempt(next, run);
      },
    });
  }
  if (world.left.takeOvers > 0) {
    actions.push({
      name: 'another run takes over',
      apply: (next) => {
        next.left.takeOvers--;
        rows.claimPool(next.rows, `${run}'`, run);
        addAttempt(next, `${run}'`);
      },
    });
  }
  return actions;
}

/** Whatever phase it finds, it goes on from there. */
export function addAttempt(world: World, run: string): void {
  const token = rows.takeToken(world.rows, run);
  if (token === 'fenced') return;
  const { phase, epoch, active } = world.rows.pool;
  const at: Record<typeof phase, Step> = {
    steady: 'open',
    opening: 'report-opening',
    moving: 'report-moving',
    sealed: 'report-sealed',
  };
  world.attempts = world.attempts.filter((attempt) => attempt.at !== 'ended' || attempt.batch !== null);
  world.attempts.push({
    run,
    token,
    primary: active as Machine,
    at: at[phase],
    epoch,
    groups: [],
    batch: null,
    isFailing: false,
  });
}

function steps(model: Model, world: World, attempt: Attempt, act: AttemptAct): Action[] {
  const { batch } = attempt;
  const answers = model.mechanism === 'shared' || world.machines[attempt.primary].power === 'on';
  switch (attempt.at) {
    case 'open':
      return [act('opens the pool', (next, it) => open(model, next, it))];
    case 'report-opening':
      return whenReported(world, attempt, [
        act('moves the pool past the point of no return', (next, it) =>
          write(next, it, rows.startMoving(next.rows, it), 'report-moving'),
        ),
      ]);
    case 'report-moving':
      return whenReported(world, attempt, [act('sees that all proxies move', (_next, it) => void (it.at = 'begin'))]);
    case 'begin':
      return !answers ? [] : [act('clears away what earlier attempts left', (next, it) => begin(model, next, it))];
    case 'idle':
      if (world.left.holds === 0 || !answers) return [];
      return [
        act('looks what there is to move', (next, it) => look(model, next, it)),
        ...(model.mechanism === 'swap' ? opening(world, 'all', [], act) : []),
        ...opening(world, 'seal', [], act),
      ];
    case 'looked':
      return attempt.groups.flatMap((group) => opening(world, 'keys', [group], act));
    case 'report-sealed':
      return whenReported(world, attempt, [
        act('sees that the pool is sealed everywhere', (_next, it) => void (it.at = it.batch === null ? 'restart' : 'settle')),
      ]);
    case 'restart':
      return [act('restarts the primary', (next, it) => restart(model, next, it))];
    case 'swap':
      return [act('swaps the roles', (next, it) => write(next, it, rows.swapPool(next.rows, it), 'report-swapped'))];
    case 'report-swapped':
      return whenReported(world, attempt, [
        act('sees that the restart is over everywhere', (_next, it) => void (it.at = 'ended')),
      ]);
    default:
      return batch === null ? [] : batchActions(model, world, attempt, batch, act);
  }
}

/** A step that needs every proxy: all that are registered, each heard itself. */
function whenReported(world: World, { epoch }: Attempt, then: Action[]): Action[] {
  const live = rows.liveIncarnations(world.rows);
  const all = live.length > 0 && live.every((incarnation) => (proxyOf(world, incarnation)?.routing.epoch ?? 0) >= epoch);
  return all ? then : [];
}

function write(world: World, attempt: Attempt, outcome: 'done' | rows.Fenced, then: Step): void {
  attempt.at = outcome === 'fenced' ? 'ended' : then;
  attempt.epoch = world.rows.pool.epoch;
}

function open(model: Model, world: World, attempt: Attempt): void {
  const { owners, holds } = world.rows;
  const kept = model.rules.openClearsRows ? null : { owners: new Map(owners), holds: [...holds] };
  write(world, attempt, rows.openPool(world.rows, attempt), 'report-opening');
  if (kept !== null) Object.assign(world.rows, kept, { deleted: [] });
  if (!model.rules.opensFirst) write(world, attempt, rows.startMoving(world.rows, attempt), 'report-moving');
}

function begin(model: Model, world: World, attempt: Attempt): void {
  if (!mayAct(world, attempt)) return;
  attempt.at = 'idle';
  handOver.clear(model, world, attempt);
}

/** What the proxies have seen, or what the server, which was told to swap out what rests, has in its store. Traffic flows. */
function look(model: Model, world: World, attempt: Attempt): void {
  if (!mayAct(world, attempt)) return;
  const answers = world.proxies
    .filter(({ life }) => life === 'serving')
    .map((proxy) => {
      const { requests, streams } = atPrimary(world, proxy);
      return seenOnPrimary(proxy.routing, requests, model.rules.awaitsOlderStreams ? streams : []);
    });
  const isOlder = answers.some(
    ({ older = 0, olderStreams = 0 }) => (older > 0 && model.rules.awaitsOlderRequests) || olderStreams > 0,
  );
  if (model.mechanism === 'shared' && isOlder) return;
  const atStandby = rows.standbyKeys(world.rows);
  const together = model.rules.groupsMoveWhole ? answers.flatMap((one) => one.together) : [];
  if (model.mechanism === 'swap') {
    const streaming = answers.flatMap((one) => one.streaming ?? []);
    handOver.swapOut(model, world, attempt, new Set(groupsAround(streaming, together, new Set()).flat()));
  }
  const there = model.mechanism === 'swap' ? handOver.swappedOut(model, world, attempt) : answers.flatMap((one) => one.keys);
  const keys = [...new Set(there)].filter((key) => !atStandby.has(key)).sort();
  attempt.groups = groupsAround(keys, together, atStandby);
  attempt.at = attempt.groups.length > 0 ? 'looked' : 'idle';
}

/** A restart keeps nothing: what has not moved is lost, and what still runs is cut off. */
function restart(model: Model, world: World, attempt: Attempt): void {
  if (!mayAct(world, attempt)) return;
  const { active } = handOver.rolesOf(attempt);
  const isCutOff = (request: Request): boolean => request.machine === active && request.stage !== 'waiting';
  for (const request of world.requests.filter(isCutOff)) {
    if (proxyOf(world, request.proxy) !== undefined && !request.isBroken) {
      fail(world, `the restart cuts off request ${request.id}`);
    }
  }
  world.requests = world.requests.filter((request) => !isCutOff(request));
  world.machines[active].memory.clear();
  if (model.mechanism !== 'shared') storeOf(model, world, active).clear();
  world.machines[active].power = 'on';
  attempt.at = 'swap';
}
