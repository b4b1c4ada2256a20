// What a proxy learns of the rows, late, twice or never, and what it writes to them.

import type { HoldRow } from '../../state/hold.js';
import { exchangeOf, pump, reachClient } from './proxy-requests.js';
import type { Action, Model } from './rules.js';
import * as rows from './rows.js';
import { keyMade } from './servers.js';
import type { Machine, Proxy, Request, World } from './world.js';
import { proxyOf, requestsOf } from './world.js';

export type ProxyAct = (name: string, apply: (world: World, proxy: Proxy) => void) => Action;

/** Notifications may be lost, late and doubled: a proxy may look at the rows at any time, or not. */
export function loading(model: Model, world: World, proxy: Proxy, act: ProxyAct): Action[] {
  if (proxy.load !== null) return [act('hears what it read of the rows', (next, it) => hear(model, next, it))];
  if (!hasNews(world, proxy)) return [];
  const late = act('reads the rows, and hears of it later', (next, it) => {
    next.left.lateLoads--;
    read(next, it);
  });
  return [act('loads the rows', (next, it) => load(model, next, it)), ...(world.left.lateLoads > 0 ? [late] : [])];
}

/** A key that is not known is asked for; the answer is as old as the question when it arrives, or is lost. */
export function lookingUp(model: Model, world: World, proxy: Proxy, act: ProxyAct): Action[] {
  if (proxy.lookUp !== null) {
    const learn = act('learns owners', (next, it) => {
      if (it.lookUp === null) return;
      const { epoch, asked, atStandby } = it.lookUp;
      it.lookUp = null;
      model.routing.learnOwners(it.routing, epoch, asked, atStandby);
      pump(model, next, it);
    });
    const lose = act('never hears of owners it asked for', (next, it) => {
      next.left.lostAnswers--;
      it.lookUp = null;
    });
    return world.left.lostAnswers > 0 ? [learn, lose] : [learn];
  }
  const waiting = requestsOf(world, proxy).filter(({ stage }) => stage === 'waiting');
  const asked = new Set(waiting.flatMap(({ keys }) => keys.filter((key) => !proxy.routing.owners.has(key))));
  if (asked.size === 0 || !model.routing.isMoving(proxy.routing)) return [];
  return [
    act(`asks who owns ${[...asked].join()}`, (next, it) => {
      const keys = [...asked];
      it.lookUp = { epoch: it.routing.epoch, asked: keys, atStandby: rows.lookUpOwners(next.rows, keys) };
    }),
  ];
}

/** Messages about holds come late, twice, or never. */
export function hearing(model: Model, world: World, proxy: Proxy, act: ProxyAct): Action[] {
  const { routing } = proxy;
  const isNews = (hold: HoldRow): boolean => !routing.ended.has(hold.id) && (hold.run === routing.run || hold.state !== 'held');
  const all: HoldRow[] = [...world.rows.holds, ...world.rows.deleted].filter(isNews);
  const opens = all
    .filter(({ id, run }) => !routing.holds.has(id) && run === routing.run)
    .map(({ id, run, scope, keys }) =>
      act(`is told to hold ${id}`, (_next, it) => model.routing.openHold(it.routing, id, { run, scope, keys: new Set(keys) })),
    );
  const ends = all
    .filter(({ id, state }) => state !== 'held' && !(model.rules.sealIsLoaded && id === world.sealedBy))
    .map(({ id, run, moved, state }) =>
      act(`is told that hold ${id} is ${state}`, (next, it) => end(model, next, it, id, run, moved)),
    );
  const clock = model.rules.endsComeFromRows
    ? []
    : [...routing.holds].map(([id, { run }]) =>
        act(`lets hold ${id} go by its own clock`, (next, it) => end(model, next, it, id, run, [])),
      );
  return [...opens, ...ends, ...clock];
}

/** Applies the end of a hold, and decides again for who waits. */
export function end(model: Model, world: World, proxy: Proxy, id: number, run: string, moved: readonly string[]): void {
  model.routing.endHold(proxy.routing, id, run, moved);
  pump(model, world, proxy);
}

/** An answer of the standby waits for its new ids to be written. */
export function recording(model: Model, world: World, proxy: Proxy, act: ProxyAct): Action[] {
  const late = proxy.unrecorded.map((key) =>
    act(`records ${key} after its response`, (next, it) => {
      it.unrecorded = it.unrecorded.filter((one) => one !== key);
      rows.recordStandbyKeys(next.rows, it.routing.run ?? '', it.routing.standby, [key]);
    }),
  );
  const first = world.requests.flatMap((request, index) =>
    request.proxy === proxy.incarnation && request.stage === 'recording'
      ? [act(`records the ids that request ${request.id} was given`, (next, it) => record(model, next, it, index))]
      : [],
  );
  return [...late, ...first];
}

function record(model: Model, world: World, { routing }: Proxy, index: number): void {
  const request = world.requests[index] as Request;
  const made = [keyMade(request) ?? ''];
  const keys = model.routing.keysToRecord(routing, request.machine as Machine, exchangeOf(request, made));
  if (keys.length === 0) return reachClient(world, request, made);
  if (!rows.recordStandbyKeys(world.rows, routing.run ?? '', routing.standby, keys)) {
    // The proxy loads the rows and decides again.
    load(model, world, proxyOf(world, request.proxy) as Proxy);
    return;
  }
  model.routing.learnOwners(routing, routing.epoch, keys, new Set(keys));
  reachClient(world, request, made);
}

/** A proxy lets a hold go whose deadline has passed. */
export function overdue(world: World, proxy: Proxy, act: ProxyAct): Action[] {
  if (world.left.overdue === 0 || proxy.routing.holds.size === 0) return [];
  return world.rows.holds
    .filter(({ state }) => state === 'held')
    .map(({ id }) =>
      act(`lets hold ${id} go in its row, which is overdue`, (next) => {
        next.left.overdue--;
        rows.releaseHold(next.rows, id);
      }),
    );
}

/** Reads the rows and applies them at once, whatever is still to arrive. */
export function load(model: Model, world: World, proxy: Proxy): void {
  const earlier = proxy.load;
  read(world, proxy);
  hear(model, world, proxy);
  proxy.load = earlier;
}

function hasNews({ rows: { pool, holds } }: World, { routing }: Proxy): boolean {
  if (routing.epoch !== pool.epoch) return true;
  return holds.some(({ id, state }) => (state === 'held') !== routing.holds.has(id) && !routing.ended.has(id));
}

function read(world: World, proxy: Proxy): void {
  const known = [...proxy.routing.holds.keys()];
  proxy.load = { snapshot: rows.loadSnapshot(world.rows, proxy.incarnation, known), known };
}

function hear(model: Model, world: World, proxy: Proxy): void {
  if (proxy.load === null) return;
  model.routing.applySnapshot(proxy.routing, proxy.load.snapshot, proxy.load.known);
  proxy.load = null;
  pump(model, world, proxy);
}
