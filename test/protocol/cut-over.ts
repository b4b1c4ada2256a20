// The cut-over of a batch, as activities/cut-over.ts takes it: hold, quiet, barrier, hand over, commit, or let go.

import { acknowledge, busyOf, give, passBarrier, saidOf } from './barrier.js';
import * as handOver from './hand-over.js';
import type { BatchAct } from './letting-go.js';
import { letGo, lookOwners, takeBack, tellFirst } from './letting-go.js';
import * as rows from './rows.js';
import type { Action, Model } from './rules.js';
import { keysAt } from './servers.js';
import type { Attempt, Batch, World } from './world.js';
import { fail, proxyOf } from './world.js';

/** Names an action of an attempt. */
export type AttemptAct = (name: string, apply: (world: World, attempt: Attempt) => void) => Action;

/** Inserts the hold, then reads the register. */
export function opening(world: World, kind: Batch['kind'], groups: string[][], act: AttemptAct): Action[] {
  if (world.left.holds === 0) return [];
  const what = { keys: groups.flat().join(), all: 'everything', seal: 'everything, to seal' }[kind];
  return [
    act(`opens a hold of ${what}`, (next, it) => {
      next.left.holds--;
      it.groups = [];
      const scope = kind === 'keys' ? 'keys' : 'all';
      const atStandby = scope === 'all' ? [...rows.standbyKeys(next.rows)] : [];
      const holdId = rows.openHold(next.rows, it, scope, groups.flat());
      if (holdId === 'fenced') {
        it.at = 'ended';
        return;
      }
      const asked = new Set(rows.liveIncarnations(next.rows));
      it.batch = { holdId, kind, groups, atStandby, asked, said: new Map(), ready: [], given: [], moved: [], lateCommit: false };
      it.at = 'holding';
    }),
  ];
}

/** What the attempt may do next with its batch. */
export function batchActions(model: Model, world: World, attempt: Attempt, batch: Batch, ofAttempt: AttemptAct): Action[] {
  const act: BatchAct = (name, apply) => ofAttempt(name, (next, it) => apply(next, it, it.batch as Batch));
  const late = batch.lateCommit ? [act('has its commit take effect late', commitLate(model))] : [];
  switch (attempt.at) {
    case 'holding':
      return holding(model, world, batch, act);
    case 'giving':
      return [act('hands over', give(model))];
    case 'given':
      return committing(model, world, act);
    case 'settle':
      return [act('removes what has moved from the primary', settle(model))];
    case 'let-go':
      return [act(`lets hold ${batch.holdId} go`, letGo(model)), ...tellFirst(model, world, batch, act), ...late];
    case 'look-owners':
      return [act('asks whose the keys are that it handed over', lookOwners(model)), ...late];
    case 'take-back':
      return [act(`takes back ${batch.given.join()}`, takeBack(model)), ...late];
    case 'ended':
      return late;
    default:
      return [];
  }
}

function holding(model: Model, world: World, { holdId, asked, said }: Batch, act: BatchAct): Action[] {
  const silent = [...asked].filter((incarnation) => !said.has(incarnation));
  const acknowledging = silent
    .filter((incarnation) => proxyOf(world, incarnation)?.routing.holds.has(holdId) === true)
    .map((incarnation) =>
      act(`hears ${incarnation} acknowledge hold ${holdId}`, (next, _it, batch) => acknowledge(model, next, batch, incarnation)),
    );
  const all = silent.length === 0 || !model.rules.everyoneAcknowledges;
  const isHeld = rows.holdById(world.rows, holdId)?.state === 'held';
  const inVain = silent.length > 0 && (!isHeld || silent.some((incarnation) => proxyOf(world, incarnation) === undefined));
  return [
    ...acknowledging,
    ...(all ? [act('asks the server what of the held sessions is whole', passBarrier(model))] : []),
    ...(inVain ? [act('gets no acknowledgement', (_next, it) => void (it.at = 'let-go'))] : []),
  ];
}

function committing(model: Model, world: World, act: BatchAct): Action[] {
  const fails = (next: World, it: Attempt): void => {
    next.left.lostCommits--;
    it.at = 'let-go';
    it.isFailing = true;
  };
  const actions = [act('commits', (next, it, batch) => commit(model, next, it, batch))];
  if (world.left.lostCommits === 0) return actions;
  const unheard = act('commits, and never hears of it', (next, it, batch) => {
    commit(model, next, it, batch);
    fails(next, it);
  });
  const onItsWay = act('loses the connection on which its commit is on its way', (next, it, batch) => {
    batch.lateCommit = true;
    fails(next, it);
  });
  return [...actions, unheard, onItsWay];
}

function commitLate(model: Model) {
  return (world: World, attempt: Attempt, batch: Batch): void => {
    const { at } = attempt;
    batch.lateCommit = false;
    commit(model, world, attempt, batch);
    attempt.at = at;
  };
}

function commit(model: Model, world: World, attempt: Attempt, batch: Batch): void {
  const { holdId, moved } = batch;
  const seal = batch.kind === 'seal' && leftBehind(model, world, attempt, batch).length === 0;
  attempt.at = 'let-go';
  if (moved.length === 0 && !seal) return;
  const acknowledged = new Set(batch.said.keys());
  const outcome = rows.commitHold(world.rows, attempt, { holdId, moved, acknowledged, seal }, model.rules);
  if (outcome === 'fenced') attempt.isFailing = true;
  if (outcome !== 'committed') return;
  if (seal) world.sealedBy = holdId;
  else mustNotSplit(world, batch);
  attempt.epoch = world.rows.pool.epoch;
  attempt.at = seal ? 'report-sealed' : 'settle';
}

/** Where the server cannot tell what it still has, what is busy. */
function leftBehind(model: Model, world: World, attempt: Attempt, batch: Batch): string[] {
  const there = model.mechanism === 'shared' ? [...busyOf(batch)] : remaining(model, world, attempt);
  return there.filter((key) => !batch.moved.includes(key) && !batch.atStandby.includes(key));
}

/** What the primary still has. */
function remaining(model: Model, world: World, attempt: Attempt): string[] {
  return keysAt(model, world, handOver.rolesOf(attempt).active);
}

/**
 * Ids that came in one request before the hold was acknowledged must not have two owners by this commit: the next one would wait. An id
 * that was set after it may: its companions follow with a later batch.
 */
function mustNotSplit(world: World, batch: Batch): void {
  const isAtStandby = (key: string): boolean => world.rows.owners.has(key);
  for (const keys of saidOf(batch).flatMap((one) => one.together)) {
    if (keys.some((key) => batch.moved.includes(key)) && !keys.every(isAtStandby))
      fail(world, `the commit gives ${keys.join()}, which come together, two owners`);
  }
}

function settle(model: Model) {
  return (world: World, attempt: Attempt, batch: Batch): void => {
    handOver.settle(model, world, attempt, batch.moved);
    batch.given = batch.given.filter((key) => !batch.moved.includes(key));
    const isSealed = world.rows.pool.phase === 'sealed';
    if (isSealed) attempt.batch = null;
    attempt.at = isSealed ? 'restart' : 'look-owners';
  };
}
