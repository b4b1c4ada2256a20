// What a session mechanism does to the two servers: clear, swap out, hand over, settle, take back. The coordinator decides when.

import * as rows from './rows.js';
import type { Model } from './rules.js';
import { isStray, running, storeOf } from './servers.js';
import type { Attempt, Batch, Machine, Stored, World } from './world.js';
import { fail, proxyOf } from './world.js';

/** The roles as of the beginning of the attempt: one that goes on after its run still means the same machines. */
export function rolesOf({ primary }: Attempt): { active: Machine; standby: Machine } {
  return { active: primary, standby: primary === 'a' ? 'b' : 'a' };
}

/** What is in the standby's store and is not its own, and in the primary's and is the standby's, is of no use. */
export function clear(model: Model, world: World, attempt: Attempt): void {
  if (model.mechanism === 'shared') return;
  const { active, standby } = rolesOf(attempt);
  const own = rows.standbyKeys(world.rows);
  remove(storeOf(model, world, standby), (key) => !own.has(key));
  remove(storeOf(model, world, active), (key) => own.has(key));
}

/**
 * Sessions that nothing executes, and that are saved, leave the primary's memory for its store: the server's own barrier. Those of
 * `streaming` are kept awake.
 */
export function swapOut(model: Model, world: World, attempt: Attempt, streaming: ReadonlySet<string>): void {
  const { active } = rolesOf(attempt);
  const { memory } = world.machines[active];
  for (const [session, object] of [...memory]) {
    if (isExecuting(model, world, active, session, object.key)) continue;
    if (model.rules.streamsKeepMemory && streaming.has(object.key)) continue;
    if (model.rules.barrierAwaitsSave && object.content !== object.saved) continue;
    mustNotHaveStream(model, world, attempt, session);
    storeOf(model, world, active).set(object.key, { session, key: object.key, content: object.saved });
    memory.delete(session);
  }
}

/**
 * What a stream does to its session must not fail. Two are excused: a stream that no proxy knows any more, and one that was opened after
 * the hold of this pass was let go.
 */
function mustNotHaveStream(model: Model, world: World, attempt: Attempt, session: string): void {
  const { batch } = attempt;
  if (batch !== null && rows.holdById(world.rows, batch.holdId)?.state !== 'held') return;
  for (const request of running(world, rolesOf(attempt).active, session)) {
    if (request.kind !== 'stream' || request.isBroken || isStray(model, world, request)) continue;
    if (proxyOf(world, request.proxy) !== undefined) fail(world, `${session} is swapped out under its stream`);
  }
}

/** Keys of the primary's sessions that are in its store and not in its memory: as they are there, they are whole. */
export function swappedOut(model: Model, world: World, attempt: Attempt): string[] {
  const { active } = rolesOf(attempt);
  const inMemory = keysInMemory(world, active);
  return [...storeOf(model, world, active).keys()].filter((key) => !inMemory.has(key));
}

export function keysInMemory(world: World, machine: Machine): Set<string> {
  return new Set([...world.machines[machine].memory.values()].map(({ key }) => key));
}

/** With a shared store nothing is asked of the server: the mechanism waits until what was answered must have been saved. */
export function isSaving({ rules }: Model, world: World, attempt: Attempt): boolean {
  if (!rules.barrierAwaitsSave) return false;
  const { active } = rolesOf(attempt);
  return [...world.machines[active].memory].some(
    ([session, { content, saved }]) => content !== saved && running(world, active, session).length === 0,
  );
}

/**
 * Links sessions into the standby's store. May come late: it takes what is there then, and never replaces what the standby has.
 * What the standby refuses is not given.
 */
export function give(model: Model, world: World, attempt: Attempt, batch: Batch): void {
  if (model.mechanism === 'shared') return;
  const { active, standby } = rolesOf(attempt);
  const [from, to] = [storeOf(model, world, active), storeOf(model, world, standby)];
  if (!model.rules.handOverNeverReplaces) return replace(world, standby, to, batch);
  const refused = new Set<string>();
  for (const [key, stored] of from) {
    if (!batch.given.includes(key)) continue;
    const there = to.get(key);
    if (there === undefined) to.set(key, { ...stored });
    else if (there.content !== stored.content) refused.add(key);
  }
  batch.given = batch.given.filter((key) => !refused.has(key));
}

/** Nothing of the keys that have moved is left on the primary. */
export function settle(model: Model, world: World, attempt: Attempt, moved: readonly string[]): void {
  if (model.mechanism === 'shared') return;
  remove(storeOf(model, world, rolesOf(attempt).active), (key) => moved.includes(key));
}

export function takeBack(model: Model, world: World, attempt: Attempt, given: readonly string[]): void {
  if (model.mechanism === 'shared') return;
  remove(storeOf(model, world, rolesOf(attempt).standby), (key) => given.includes(key));
}

/** A stream does not keep its session busy: servers do not count it (WebSocket). */
function isExecuting({ rules }: Model, world: World, machine: Machine, session: string, key: string): boolean {
  const requests = running(world, machine, session).filter(({ kind }) => kind !== 'stream');
  return requests.some(({ keys }) => rules.barrierByObject || keys.includes(key));
}

/** Only a mutant's: copies what it saw at the barrier over whatever the standby has by now. */
function replace(world: World, standby: Machine, to: Map<string, Stored>, { given, ready }: Batch): void {
  for (const stored of ready) {
    if (!given.includes(stored.key)) continue;
    world.machines[standby].memory.delete(stored.session);
    to.set(stored.key, { ...stored });
  }
}

function remove(store: Map<string, Stored>, isGone: (key: string) => boolean): void {
  for (const key of [...store.keys()]) if (isGone(key)) store.delete(key);
}
