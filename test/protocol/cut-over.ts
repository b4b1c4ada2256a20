// The cut-over of a batch, as activities/cut-over.ts takes it: hold, quiet, barrier, hand over, commit, or let go.

import { groupsAround, wholeGroups } from '../../activities/key-groups.js';
import type { HoldAcknowledgement } from '../../proxy/admin-api.js';
import { whatIsBusy } from '../../proxy/quiet.js';
import * as handOver from './hand-over.js';
import { atPrimary, end } from './proxies.js';
import * as rows from './rows.js';
import type { Action, Model } from './rules.js';
import { keysAt, storeOf } from './servers.js';
import type { Attempt, Batch, Proxy, World } from './world.js';
import { fail, mayAct, proxyOf } from './world.js';

/** Names an action of an attempt. */
export type AttemptAct = (name: string, apply: (world: World, attempt: Attempt) => void) => Action;
type Act = (name: string, apply: (world: World, attempt: Attempt, batch: Batch) => void) => Action;

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
  const act: Act = (name, apply) => ofAttempt(name, (next, it) => apply(next, it, it.batch as Batch));
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

/** What the primary still has. */
function remaining(model: Model, world: World, attempt: Attempt): string[] {
  return keysAt(model, world, handOver.rolesOf(attempt).active);
}

function holding(model: Model, world: World, { holdId, asked, said }: Batch, act: Act): Action[] {
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

function acknowledge(model: Model, world: World, batch: Batch, incarnation: string): void {
  const proxy = proxyOf(world, incarnation);
  if (proxy === undefined) return;
  const { requests, streams } = atPrimary(world, proxy);
  const asked = {
    scope: batch.kind === 'keys' ? ('keys' as const) : ('all' as const),
    keys: new Set(batch.groups.flat()),
    minAgeMs: null,
    ignoreUnanswered: model.mechanism === 'swap',
  };
  const said = whatIsBusy(proxy.routing, requests, model.rules.streamsKeepSessions ? streams : [], asked, 0);
  batch.said.set(incarnation, { incarnation, holdId: batch.holdId, ...said });
}

function saidOf({ said }: Batch): HoldAcknowledgement[] {
  return [...said.values()];
}

function busyOf(batch: Batch): Set<string> {
  return new Set(saidOf(batch).flatMap((one) => [...one.busy, ...one.streaming]));
}

/** Decides what can be handed over: what is quiet at the proxies, and whole at the server. */
function passBarrier(model: Model) {
  return (world: World, attempt: Attempt, batch: Batch): void => {
    const asksServer = model.mechanism === 'swap';
    const isBusy = saidOf(batch).some(({ inFlight, unanswered }) => inFlight - (asksServer ? unanswered : 0) > 0);
    attempt.at = 'let-go';
    if (batch.kind === 'seal' && isBusy) return;
    if (batch.kind === 'seal' && saidOf(batch).some(({ streams }) => streams > 0)) {
      attempt.at = 'holding';
      // They are closed, which ends them by and by; their clients come back and wait in the hold. All proxies are asked again.
      batch.said.clear();
      return;
    }
    if (!asksServer && handOver.isSaving(model, world, attempt)) {
      attempt.at = 'holding';
      return;
    }
    attempt.at = 'giving';
    const busy = busyOf(batch);
    const held = new Set(batch.groups.flat());
    if (batch.kind === 'keys') regroup(model, world, batch);
    const quiet = wholeGroups(batch.groups, (key) => held.has(key) && !busy.has(key));
    // Of sessions that nobody has named a shared store knows nothing: with the seal they are the standby's.
    batch.given = quiet.sort();
    if (!asksServer) return;
    batch.given = batch.kind === 'keys' ? quiet : wanted(model, world, attempt, batch);
    const { active } = handOver.rolesOf(attempt);
    const inMemory = handOver.keysInMemory(world, active);
    batch.given = batch.given.filter((key) => !inMemory.has(key)).sort();
    batch.ready = [...storeOf(model, world, active).values()].filter(({ key }) => batch.given.includes(key));
  };
}

/** Everything is held. A request that the server has not picked up yet would meet a session on its way out. */
function wanted(model: Model, world: World, attempt: Attempt, batch: Batch): string[] {
  if (!saidOf(batch).some(({ notPickedUp }) => notPickedUp > 0)) handOver.swapOut(model, world, attempt);
  const except = new Set([...busyOf(batch), ...batch.atStandby]);
  const named = saidOf(batch).flatMap((one) => one.together.flat());
  return [...new Set([...handOver.swappedOut(model, world, attempt), ...named])].filter((key) => !except.has(key));
}

/** Requests may have named keys together since the groups were made. */
function regroup({ rules }: Model, world: World, batch: Batch): void {
  if (!rules.regroupsWhenHeld) return;
  const together = saidOf(batch).flatMap((one) => one.together);
  const keys = batch.groups.flat();
  batch.groups = groupsAround(keys, [...batch.groups, ...together], rows.lookUpOwners(world.rows, together.flat()));
}

function give(model: Model) {
  return (world: World, attempt: Attempt, batch: Batch): void => {
    attempt.at = 'given';
    handOver.give(model, world, attempt, batch);
    const ready = new Set(batch.given);
    const together = model.rules.groupsMoveWhole ? saidOf(batch).flatMap((one) => one.together) : [];
    const around = batch.kind === 'keys' ? batch.groups : groupsAround(batch.given, together, new Set(batch.atStandby));
    batch.moved = wholeGroups(around, (key) => ready.has(key)).sort();
  };
}

function committing(model: Model, world: World, act: Act): Action[] {
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

function letGo(model: Model) {
  return (world: World, attempt: Attempt, batch: Batch): void => {
    const state = rows.releaseHold(world.rows, batch.holdId);
    if (state === 'committed' && model.rules.takesBackByRows) return endBatch(attempt);
    attempt.at = 'look-owners';
  };
}

/** Only a mutant tells the proxies before the row says so. */
function tellFirst(model: Model, world: World, { holdId }: Batch, act: Act): Action[] {
  if (model.rules.rowBeforeMessage) return [];
  return world.proxies.flatMap(({ incarnation, routing }, index) => {
    const { run } = routing.holds.get(holdId) ?? {};
    if (run === undefined) return [];
    return [
      act(`tells ${incarnation} that hold ${holdId} is released, before its row is`, (next) =>
        end(model, next, next.proxies[index] as Proxy, holdId, run, []),
      ),
    ];
  });
}

function lookOwners(model: Model) {
  return (world: World, attempt: Attempt, batch: Batch): void => {
    const own = model.rules.takesBackByRows ? rows.lookUpOwners(world.rows, batch.given) : new Set();
    batch.given = batch.given.filter((key) => !own.has(key));
    if (batch.given.length === 0) endBatch(attempt);
    else attempt.at = 'take-back';
  };
}

function takeBack(model: Model) {
  return (world: World, attempt: Attempt, batch: Batch): void => {
    if (model.rules.takesBackFenced && !mayAct(world, attempt)) return;
    handOver.takeBack(model, world, attempt, batch.given);
    endBatch(attempt);
  };
}

function endBatch(attempt: Attempt): void {
  if (attempt.batch?.lateCommit !== true) attempt.batch = null;
  attempt.at = attempt.isFailing ? 'ended' : 'idle';
}
