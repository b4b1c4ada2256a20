// The coordinator: the steps of activities/ as atomic actions of attempts, of which an overtaken one may go on late.

import { groupsAround, wholeGroups } from '../../activities/key-groups.js';
import type { HoldAcknowledgement } from '../../proxy/admin-api.js';
import { seenOnPrimary, whatIsBusy } from '../../proxy/quiet.js';
import * as rows from './rows.js';
import { atPrimary, end } from './proxies.js';
import type { Action, Model } from './rules.js';
import { running, sessionsAt, storeOf } from './servers.js';
import type { Attempt, Batch, Machine, Proxy, Request, Step, Stored, World } from './world.js';
import { fail, proxyOf } from './world.js';

type Act = (name: string, apply: (world: World, attempt: Attempt) => void) => Action;

export function coordinatorActions(model: Model, world: World): Action[] {
  const going = world.attempts.flatMap((attempt, index) => {
    const act: Act = (name, apply) => ({
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
  if (run === null) return [];
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
  world.attempts = world.attempts.filter(({ at, batch }) => at !== 'ended' || batch !== null);
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

function steps(model: Model, world: World, attempt: Attempt, act: Act): Action[] {
  const batch = attempt.batch as Batch;
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
      return [act('clears away what earlier attempts left', (next, it) => begin(model, next, it))];
    case 'idle':
      if (world.left.holds === 0) return [];
      return [act('looks what there is to move', (next, it) => look(model, next, it)), ...opening(world, [], 'all', act)];
    case 'looked':
      return attempt.groups.flatMap((group) => opening(world, [group], 'keys', act));
    case 'holding':
      return holding(model, world, batch, act);
    case 'giving':
      return [act('hands over', (next, it) => give(model, next, it))];
    case 'given':
      return committing(model, world, act);
    case 'settle':
      return [act('removes what has moved from the primary', (next, it) => settle(model, next, it))];
    case 'report-sealed':
      return whenReported(world, attempt, [
        act('sees that the pool is sealed everywhere', (_next, it) => void (it.at = it.batch === null ? 'restart' : 'settle')),
      ]);
    case 'let-go':
      return [
        act(`lets hold ${batch.holdId} go`, letGo(model)),
        ...tellFirst(model, world, batch, act),
        ...commitLate(model, batch, act),
      ];
    case 'look-owners':
      return [
        act('asks whose the keys are that it handed over', (next, it) => lookOwners(model, next, it)),
        ...commitLate(model, batch, act),
      ];
    case 'take-back':
      return [act(`takes back ${batch.given.join()}`, (next, it) => takeBack(model, next, it)), ...commitLate(model, batch, act)];
    case 'restart':
      return [act('restarts the primary', (next, it) => restart(model, next, it))];
    case 'swap':
      return [act('swaps the roles', (next, it) => write(next, it, rows.swapPool(next.rows, it), 'report-swapped'))];
    case 'report-swapped':
      return whenReported(world, attempt, [
        act('sees that the restart is over everywhere', (_next, it) => void (it.at = 'ended')),
      ]);
    case 'ended':
      return attempt.batch === null ? [] : commitLate(model, batch, act);
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

/** What is in the standby's store and is not its own, and in the primary's and is the standby's, is of no use. */
function begin(model: Model, world: World, attempt: Attempt): void {
  if (!guard(world, attempt)) return;
  attempt.at = 'idle';
  if (model.mechanism === 'shared') return;
  const { active, standby } = rolesOf(attempt);
  const own = rows.standbyKeys(world.rows);
  remove(storeOf(model, world, standby), (key) => !own.has(key));
  remove(storeOf(model, world, active), (key) => own.has(key));
}

function look(model: Model, world: World, attempt: Attempt): void {
  const { atStandby, keys, together } = seen(model, world, attempt);
  attempt.groups = groupsAround(keys, model.rules.groupsMoveWhole ? together : [], atStandby);
  attempt.at = attempt.groups.length > 0 ? 'looked' : 'idle';
}

function seen(model: Model, world: World, attempt: Attempt): { keys: string[]; together: string[][]; atStandby: Set<string> } {
  const answers = world.proxies
    .filter(({ life }) => life === 'serving')
    .map((proxy) => seenOnPrimary(proxy.routing, atPrimary(world, proxy).requests));
  const atStandby = rows.standbyKeys(world.rows);
  const there = model.mechanism === 'shared' ? [] : remaining(model, world, attempt);
  const keys = [...new Set([...answers.flatMap((one) => one.keys), ...there])].filter((key) => !atStandby.has(key));
  return { keys: keys.sort(), together: answers.flatMap((one) => one.together), atStandby };
}

/** Inserts the hold, then reads the register. */
function opening(world: World, groups: string[][], scope: Batch['scope'], act: Act): Action[] {
  if (world.left.holds === 0) return [];
  return [
    act(scope === 'all' ? 'opens a hold of everything' : `opens a hold of ${groups.flat().join()}`, (next, it) => {
      next.left.holds--;
      it.groups = [];
      const atStandby = [...rows.standbyKeys(next.rows)];
      const holdId = rows.openHold(next.rows, it, scope, groups.flat());
      if (holdId === 'fenced') {
        it.at = 'ended';
        return;
      }
      const asked = new Set(rows.liveIncarnations(next.rows));
      it.batch = { holdId, scope, groups, atStandby, asked, said: new Map(), ready: [], given: [], moved: [], lateCommit: false };
      it.at = 'holding';
    }),
  ];
}

function holding(model: Model, world: World, batch: Batch, act: Act): Action[] {
  const { holdId, asked, said } = batch;
  const silent = [...asked].filter((incarnation) => !said.has(incarnation));
  const actions: Action[] = [];
  for (const incarnation of silent) {
    const proxy = proxyOf(world, incarnation);
    if (proxy?.routing.holds.has(holdId) !== true) continue;
    actions.push(act(`hears ${incarnation} acknowledge hold ${holdId}`, (next, it) => acknowledge(model, next, it, incarnation)));
  }
  const isHeld = rows.holdById(world.rows, holdId)?.state === 'held';
  if (silent.length === 0 || !model.rules.everyoneAcknowledges) {
    actions.push(act('takes the held sessions out of the memory of the primary', (next, it) => passBarrier(model, next, it)));
  }
  if (silent.length > 0 && (!isHeld || silent.some((incarnation) => proxyOf(world, incarnation) === undefined))) {
    actions.push(act('gets no acknowledgement', (_next, it) => void (it.at = 'let-go')));
  }
  return actions;
}

function acknowledge(model: Model, world: World, { batch }: Attempt, incarnation: string): void {
  const proxy = proxyOf(world, incarnation);
  if (batch === null || proxy === undefined) return;
  const { requests, streams } = atPrimary(world, proxy);
  const keys = new Set(batch.groups.flat());
  const asked = { scope: batch.scope, keys, minAgeMs: null, ignoreUnanswered: false };
  const said = whatIsBusy(proxy.routing, requests, model.rules.streamsKeepSessions ? streams : [], asked, 0);
  batch.said.set(incarnation, { incarnation, holdId: batch.holdId, ...said });
}

function saidOf({ said }: Batch): HoldAcknowledgement[] {
  return [...said.values()];
}

/** The server's own proof: only sessions that nothing executes, and that are saved, leave its memory. */
function passBarrier(model: Model, world: World, attempt: Attempt): void {
  const batch = attempt.batch as Batch;
  const { active } = rolesOf(attempt);
  const isWhole = batch.scope === 'all';
  if (isWhole && saidOf(batch).some(({ inFlight }) => inFlight > 0)) {
    attempt.at = 'let-go';
    return;
  }
  if (isWhole && saidOf(batch).some(({ streams }) => streams > 0)) return closeStreams(world, batch);
  const busy = new Set(saidOf(batch).flatMap((one) => [...one.busy, ...one.streaming]));
  const heldKeys = batch.groups.flat();
  const named = saidOf(batch).flatMap((one) => one.together.flat());
  if (!isWhole) regroup(model, world, batch);
  const held = new Set(heldKeys);
  const wanted = isWhole
    ? [...new Set([...remaining(model, world, attempt), ...named])]
    : wholeGroups(batch.groups, (key) => held.has(key) && !busy.has(key));
  const except = new Set([...busy, ...batch.atStandby]);
  batch.given = wanted.filter((key) => !(isWhole && except.has(key))).sort();
  attempt.at = 'giving';
  if (model.mechanism === 'shared') {
    // `settleMs`: what was answered before is saved. Nothing else is known of the server.
    if (unsaved(model, world, attempt)) attempt.at = 'holding';
    return;
  }
  const { memory } = world.machines[active];
  for (const [session, object] of [...memory]) {
    if (!batch.given.includes(object.key)) continue;
    if (
      isExecuting(model, world, attempt, session, object.key) ||
      (model.rules.barrierAwaitsSave && object.content !== object.saved)
    )
      continue;
    storeOf(model, world, active).set(session, { key: object.key, content: object.saved });
    memory.delete(session);
  }
  const inMemory = new Set([...memory.values()].map(({ key }) => key));
  batch.given = batch.given.filter((key) => !inMemory.has(key));
  batch.ready = [...storeOf(model, world, active).values()]
    .filter(({ key }) => batch.given.includes(key))
    .map((stored) => ({ ...stored }));
}

/** Requests may have named keys together since the groups were made. */
function regroup({ rules }: Model, world: World, batch: Batch): void {
  if (!rules.regroupsWhenHeld) return;
  const together = saidOf(batch).flatMap((one) => one.together);
  const keys = batch.groups.flat();
  batch.groups = groupsAround(keys, [...batch.groups, ...together], rows.lookUpOwners(world.rows, together.flat()));
}

/** A stream does not keep its session busy: servers do not count it (WebSocket). */
function isExecuting({ rules }: Model, world: World, attempt: Attempt, session: string, key: string): boolean {
  const requests = running(world, rolesOf(attempt).active, session).filter(({ kind }) => kind !== 'stream');
  return requests.some(({ keys }) => rules.barrierByObject || keys.includes(key));
}

function unsaved(model: Model, world: World, attempt: Attempt): boolean {
  if (!model.rules.barrierAwaitsSave) return false;
  const { active } = rolesOf(attempt);
  return [...world.machines[active].memory].some(
    ([session, { content, saved }]) => content !== saved && running(world, active, session).length === 0,
  );
}

/** Their clients come back at once, and wait in the hold. All are asked again. */
function closeStreams(world: World, batch: Batch): void {
  batch.said.clear();
  for (const request of world.requests) if (request.kind === 'stream') request.kind = 'plain';
}

/** Links the session into the standby's store. May come late: it takes what is there then, and never replaces what the standby has. */
function give(model: Model, world: World, attempt: Attempt): void {
  const batch = attempt.batch as Batch;
  attempt.at = 'given';
  if (model.mechanism === 'shared') return decideBatch(model, batch);
  const { active, standby } = rolesOf(attempt);
  const [from, to] = [storeOf(model, world, active), storeOf(model, world, standby)];
  const refused = new Set<string>();
  const source = model.rules.handOverNeverReplaces
    ? [...from]
    : batch.ready.map((one): [string, Stored] => [sessionOf(one), one]);
  for (const [session, stored] of source) {
    if (!batch.given.includes(stored.key)) continue;
    const there = to.get(session);
    if (!model.rules.handOverNeverReplaces) world.machines[standby].memory.delete(session);
    if (there === undefined || !model.rules.handOverNeverReplaces) to.set(session, { ...stored });
    else if (there.key !== stored.key || there.content !== stored.content) refused.add(stored.key);
  }
  batch.given = batch.given.filter((key) => !refused.has(key));
  decideBatch(model, batch);
}

function sessionOf({ key }: Stored): string {
  return key.replace(/^k(\d+).*$/, 's$1');
}

/** Which keys the batch moves: whole groups of what the standby has. */
function decideBatch(model: Model, batch: Batch): void {
  const ready = new Set(batch.given);
  const together = model.rules.groupsMoveWhole ? saidOf(batch).flatMap((one) => one.together) : [];
  const around = batch.scope === 'keys' ? batch.groups : groupsAround(batch.given, together, new Set(batch.atStandby));
  batch.moved = wholeGroups(around, (key) => ready.has(key)).sort();
}

function committing(model: Model, world: World, act: Act): Action[] {
  const commit = act('commits', (next, it) => doCommit(model, next, it));
  if (world.left.lostCommits === 0) return [commit];
  const answerLost = act('commits, and never hears of it', (next, it) => {
    next.left.lostCommits--;
    doCommit(model, next, it);
    it.at = 'let-go';
    it.isFailing = true;
  });
  const onItsWay = act('loses the connection on which its commit is on its way', (next, it) => {
    next.left.lostCommits--;
    (it.batch as Batch).lateCommit = true;
    it.at = 'let-go';
    it.isFailing = true;
  });
  return [commit, answerLost, onItsWay];
}

function commitLate(model: Model, batch: Batch, act: Act): Action[] {
  if (!batch.lateCommit) return [];
  return [
    act('has its commit take effect late', (next, it) => {
      const own = it.batch as Batch;
      own.lateCommit = false;
      const { at } = it;
      doCommit(model, next, it);
      it.at = at;
    }),
  ];
}

function doCommit(model: Model, world: World, attempt: Attempt): void {
  const batch = attempt.batch as Batch;
  const { holdId, moved, atStandby } = batch;
  const behind = behindOf(model, world, attempt).filter((key) => !moved.includes(key) && !atStandby.includes(key));
  const seal = batch.scope === 'all' && behind.length === 0;
  attempt.at = 'let-go';
  if (moved.length === 0 && !seal) return;
  const acknowledged = new Set(batch.said.keys());
  const outcome = rows.commitHold(world.rows, attempt, { holdId, moved, acknowledged, seal }, model.rules);
  if (outcome === 'fenced') attempt.isFailing = true;
  if (outcome !== 'committed') return;
  mustNotSplit(world, batch);
  if (seal) world.sealedBy = holdId;
  attempt.epoch = world.rows.pool.epoch;
  attempt.at = seal ? 'report-sealed' : 'settle';
}

/** What the primary still has; where nobody can tell, what is busy. */
function behindOf(model: Model, world: World, attempt: Attempt): string[] {
  const said = saidOf(attempt.batch as Batch);
  return model.mechanism === 'shared' ? said.flatMap((one) => [...one.busy, ...one.streaming]) : remaining(model, world, attempt);
}

function remaining(model: Model, world: World, attempt: Attempt): string[] {
  return [...sessionsAt(model, world, rolesOf(attempt).active).values()].map(({ key }) => key);
}

/** Ids that came in one request before the hold was acknowledged must not have two owners by this commit: the next one would wait. */
function mustNotSplit(world: World, batch: Batch): void {
  const isAtStandby = (key: string): boolean => world.rows.owners.has(key);
  for (const keys of saidOf(batch).flatMap((one) => one.together)) {
    if (keys.some(isAtStandby) && !keys.every(isAtStandby))
      fail(world, `the commit gives ${keys.join()}, which come together, two owners`);
  }
}

function settle(model: Model, world: World, attempt: Attempt): void {
  const batch = attempt.batch as Batch;
  if (model.mechanism !== 'shared') {
    remove(storeOf(model, world, rolesOf(attempt).active), (key) => batch.moved.includes(key));
  }
  batch.given = batch.given.filter((key) => !batch.moved.includes(key));
  if (world.rows.pool.phase === 'sealed') {
    attempt.batch = null;
    attempt.at = 'restart';
  } else {
    attempt.at = 'look-owners';
  }
}

function letGo(model: Model) {
  return (world: World, attempt: Attempt): void => {
    const batch = attempt.batch as Batch;
    const state = rows.releaseHold(world.rows, batch.holdId);
    if (state === 'committed' && model.rules.takesBackByRows) return endBatch(attempt);
    attempt.at = 'look-owners';
  };
}

/** Only a mutant tells the proxies before the row says so. */
function tellFirst({ rules, ...model }: Model, world: World, { holdId }: Batch, act: Act): Action[] {
  if (rules.rowBeforeMessage) return [];
  return world.proxies.flatMap(({ incarnation, routing }, index) => {
    const { run } = routing.holds.get(holdId) ?? {};
    if (run === undefined) return [];
    return [
      act(`tells ${incarnation} that hold ${holdId} is released, before its row is`, (next) =>
        end({ rules, ...model }, next, next.proxies[index] as Proxy, holdId, run, []),
      ),
    ];
  });
}

function lookOwners(model: Model, world: World, attempt: Attempt): void {
  const batch = attempt.batch as Batch;
  const own = model.rules.takesBackByRows ? rows.lookUpOwners(world.rows, batch.given) : new Set();
  batch.given = batch.given.filter((key) => !own.has(key));
  if (batch.given.length === 0) endBatch(attempt);
  else attempt.at = 'take-back';
}

function takeBack(model: Model, world: World, attempt: Attempt): void {
  const batch = attempt.batch as Batch;
  if (model.rules.takesBackFenced && !guard(world, attempt)) return;
  if (model.mechanism !== 'shared') remove(storeOf(model, world, rolesOf(attempt).standby), (key) => batch.given.includes(key));
  endBatch(attempt);
}

function endBatch(attempt: Attempt): void {
  if (attempt.batch?.lateCommit !== true) attempt.batch = null;
  attempt.at = attempt.isFailing ? 'ended' : 'idle';
}

/** A restart keeps nothing: what has not moved is lost, and what still runs is cut off. */
function restart(model: Model, world: World, attempt: Attempt): void {
  if (!guard(world, attempt)) return;
  const { active } = rolesOf(attempt);
  const isCutOff = (request: Request): boolean => request.machine === active && request.stage !== 'waiting';
  for (const request of world.requests.filter(isCutOff)) {
    if (proxyOf(world, request.proxy) !== undefined) fail(world, `the restart cuts off request ${request.id}`);
  }
  world.requests = world.requests.filter((request) => !isCutOff(request));
  world.machines[active].memory.clear();
  if (model.mechanism !== 'shared') storeOf(model, world, active).clear();
  attempt.at = 'swap';
}

/** Asked right before an external effect; an attempt that was overtaken ends. */
function guard(world: World, attempt: Attempt): boolean {
  if (rows.isCurrent(world.rows, attempt)) return true;
  attempt.at = 'ended';
  attempt.batch = null;
  return false;
}

/** The roles as of the beginning of the attempt: one that goes on after its run still means the same machines. */
function rolesOf({ primary }: Attempt): { active: Machine; standby: Machine } {
  return { active: primary, standby: primary === 'a' ? 'b' : 'a' };
}

function remove(store: Map<string, Stored>, isGone: (key: string) => boolean): void {
  for (const [session, { key }] of store) if (isGone(key)) store.delete(session);
}
