// Who gets a request: the table of docs/architecture.md as deterministic functions over plain data, without I/O or clock.

import type { HoldScope } from '../state/hold.js';
import type { Phase } from '../state/pool.js';
import type { PoolSnapshot } from '../state/snapshot.js';

export interface OpenHold {
  run: string;
  scope: HoldScope;
  keys: ReadonlySet<string>;
}

export interface RoutingState {
  epoch: number;
  phase: Phase;
  active: string;
  standby: string;
  run: string | null;
  holds: Map<number, OpenHold>;
  /** Holds whose end is known: final, so a late message must not open them again. */
  ended: Set<number>;
  /** Owners learned in this epoch. Nothing is kept while the pool is steady. */
  owners: Map<string, 'primary' | 'standby'>;
  /** Keys that came in one request in this epoch, each combination once: they have to move together. */
  together: Map<string, readonly string[]>;
}

export type Decision = { kind: 'route'; machine: string } | { kind: 'wait' } | { kind: 'look-up'; keys: string[] };

export function createRoutingState(): RoutingState {
  return {
    epoch: 0,
    phase: 'steady',
    active: '',
    standby: '',
    run: null,
    holds: new Map(),
    ended: new Set(),
    owners: new Map(),
    together: new Map(),
  };
}

/** Whether requests need their keys looked at. */
export function isMoving(state: RoutingState): boolean {
  return state.phase === 'opening' || state.phase === 'moving';
}

export function decide(state: RoutingState, keys: readonly string[]): Decision {
  if (state.phase === 'steady') return { kind: 'route', machine: state.active };
  if (state.phase === 'sealed') return { kind: 'route', machine: state.standby };
  if (keys.length === 0) return { kind: 'route', machine: state.phase === 'opening' ? state.active : state.standby };
  const unknown = keys.filter((key) => !state.owners.has(key));
  if (unknown.length > 0) return { kind: 'look-up', keys: unknown };
  const atStandby = keys.filter((key) => state.owners.get(key) === 'standby').length;
  if (atStandby === keys.length) return { kind: 'route', machine: state.standby };
  // Ids with different owners wait until they have one: they are moved together.
  if (atStandby > 0 || isHeld(state, keys)) return { kind: 'wait' };
  return { kind: 'route', machine: state.active };
}

/** The primary's among keys that have different owners; none where one machine has all. */
export function partedKeys({ owners }: RoutingState, keys: readonly string[]): string[] {
  return keys.some((key) => owners.get(key) === 'standby') ? keys.filter((key) => owners.get(key) === 'primary') : [];
}

/** Remembers that these keys came in one request. Nothing is kept while the pool is steady. */
export function noteTogether(state: RoutingState, keys: readonly string[]): void {
  if (keys.length > 1 && isMoving(state)) state.together.set(keys.join(' '), keys);
}

/** Session ids of a request and of its answer, as keys. They are worked out only where they count. */
export interface ExchangedKeys {
  keys(): readonly string[];
  responseKeys(): readonly string[];
}

/**
 * A machine has answered. An id that the primary sets may name the same session as those of its request (a log-in): they move
 * together.
 */
export function noteAnswer(state: RoutingState, machine: string, exchange: ExchangedKeys): void {
  if (!isMoving(state) || machine !== state.active) return;
  const made = exchange.responseKeys();
  if (made.length > 0) noteTogether(state, [...new Set([...exchange.keys(), ...made])]);
}

/** Of the ids that an answer sets, those that the other proxies must learn before its client does: they are the standby's. */
export function keysToRecord(state: RoutingState, machine: string, exchange: ExchangedKeys): string[] {
  if (!isMoving(state) || machine !== state.standby) return [];
  return exchange.responseKeys().filter((key) => state.owners.get(key) !== 'standby');
}

/** Combinations of keys of which not all are the standby's yet; the others are forgotten. */
export function togetherOnPrimary(state: RoutingState): string[][] {
  for (const [name, keys] of state.together) {
    if (keys.every((key) => state.owners.get(key) === 'standby')) state.together.delete(name);
  }
  return [...state.together.values()].map((keys) => [...keys]);
}

export function openHold(state: RoutingState, id: number, hold: OpenHold): void {
  if (!state.ended.has(id) && hold.run === state.run) state.holds.set(id, hold);
}

/** An end that comes after its run, or before we know the run, says nothing about the owners of today. */
export function endHold(state: RoutingState, id: number, run: string | null, moved: readonly string[]): void {
  if (run !== state.run || state.ended.has(id)) return;
  state.ended.add(id);
  state.holds.delete(id);
  if (isMoving(state)) for (const key of moved) state.owners.set(key, 'standby');
}

/** The answer to a look-up that was asked in `epoch`. Never takes a key back from the standby: that answer would be older. */
export function learnOwners(state: RoutingState, epoch: number, asked: readonly string[], atStandby: ReadonlySet<string>): void {
  if (epoch !== state.epoch) return;
  for (const key of asked) {
    if (atStandby.has(key)) state.owners.set(key, 'standby');
    else if (!state.owners.has(key)) state.owners.set(key, 'primary');
  }
}

/**
 * Applies what was loaded. `knownHolds` are the holds that the load asked about: one that was opened here meanwhile is newer
 * than the snapshot and stays. Resolves with whether the epoch changed.
 */
export function applySnapshot(state: RoutingState, snapshot: PoolSnapshot, knownHolds: readonly number[]): boolean {
  if (snapshot.epoch < state.epoch) return false;
  const changed = snapshot.epoch > state.epoch;
  if (changed) {
    if (snapshot.run !== state.run) {
      state.holds.clear();
      state.ended.clear();
    }
    state.epoch = snapshot.epoch;
    state.phase = snapshot.phase;
    state.active = snapshot.active;
    state.standby = snapshot.standby;
    state.run = snapshot.run;
    state.owners.clear();
    state.together.clear();
  }
  const loaded = new Set(snapshot.holds.map((hold) => hold.id));
  for (const hold of snapshot.holds) {
    if (hold.state === 'held') openHold(state, hold.id, { run: hold.run, scope: hold.scope, keys: new Set(hold.keys) });
    else endHold(state, hold.id, hold.run, hold.moved);
  }
  // Rows of ended holds are deleted when the next run opens: a hold we asked about and did not get has ended.
  for (const id of knownHolds) if (!loaded.has(id)) endHold(state, id, state.run, []);
  return changed;
}

function isHeld(state: RoutingState, keys: readonly string[]): boolean {
  for (const hold of state.holds.values()) {
    if (hold.scope === 'all' || keys.some((key) => hold.keys.has(key))) return true;
  }
  return false;
}
