// The proxies: real routing functions, driven by requests, by news of the rows that come late or never, and by crashes.

import type { AtPrimary } from '../../proxy/quiet.js';
import type { ExchangedKeys } from '../../proxy/routing.js';
import { createRoutingState } from '../../proxy/routing.js';
import type { HoldRow } from '../../state/hold.js';
import type { Action, Model } from './rules.js';
import * as rows from './rows.js';
import { keyMade } from './servers.js';
import type { Machine, Proxy, Request, World } from './world.js';
import { proxyOf, requestsOf } from './world.js';

export function proxyActions(model: Model, world: World): Action[] {
  return world.proxies.flatMap((proxy, index) => {
    const act = (name: string, apply: (world: World, proxy: Proxy) => void): Action => ({
      name: `${proxy.incarnation} ${name}`,
      apply: (next) => apply(next, next.proxies[index] as Proxy),
    });
    if (proxy.life === 'down') return [act('starts again', (next, it) => start(model, next, it))];
    if (proxy.life === 'loaded') return [act('registers, and serves by what it loaded before', registerLate)];
    if (proxy.life === 'registered') return [act('loads the rows, and serves', (next, it) => serve(model, next, it))];
    return [
      ...loading(model, world, proxy, act),
      ...lookingUp(model, world, proxy, act),
      ...hearing(model, world, proxy, act),
      ...recording(model, world, proxy, act),
      ...(world.left.crashes > 0 ? [act('crashes', crash)] : []),
      ...overdue(world, proxy, act),
      ...breaking(world, proxy),
    ];
  });
}

/** A request arrives, or is decided again: decision and count belong to one tick. */
export function decide(model: Model, { routing }: Proxy, request: Request): void {
  if (!model.rules.looksUpUnknownKeys) model.routing.learnOwners(routing, routing.epoch, request.keys, new Set());
  model.routing.noteTogether(routing, request.keys);
  const decision = model.routing.decide(routing, request.keys);
  if (decision.kind !== 'route') return;
  request.machine = decision.machine as Machine;
  request.epoch = routing.epoch;
  request.stage = 'sent';
}

/** Every proxy whose death is not proved, by incarnation, and what happened to those that are gone. */
export function deathActions(world: World): Action[] {
  return [...world.rows.proxies].flatMap(([incarnation, ended]): Action[] => {
    if (ended === 'no' && proxyOf(world, incarnation) === undefined) {
      return [{ name: `${incarnation} is proved dead`, apply: (next) => void rows.endProxy(next.rows, incarnation) }];
    }
    if (ended === 'lately') {
      return [
        { name: `the request time-out passes since the end of ${incarnation}`, apply: (next) => timeOut(next, incarnation) },
      ];
    }
    return [];
  });
}

/** The machine has answered. */
export function answer(model: Model, world: World, request: Request, made: readonly string[], bit = 1 << request.id): void {
  const proxy = proxyOf(world, request.proxy);
  if (proxy === undefined) {
    world.requests = world.requests.filter((one) => one !== request);
    return;
  }
  const { routing } = proxy;
  const machine = request.machine as Machine;
  const exchange = exchangeOf(request, made);
  model.routing.noteAnswer(routing, machine, exchange);
  const unrecorded = model.routing.keysToRecord(routing, machine, exchange);
  if (unrecorded.length === 0) return reachClient(world, request, made, bit);
  if (!model.rules.recordsBeforeResponse) {
    proxy.unrecorded.push(...unrecorded);
    return reachClient(world, request, made);
  }
  request.stage = 'recording';
}

/** Requests and streams of a proxy at the primary, as its acknowledgements see them. */
export function atPrimary(world: World, proxy: Proxy): { requests: AtPrimary[]; streams: AtPrimary[] } {
  const there = requestsOf(world, proxy).filter(({ machine, stage }) => machine === proxy.routing.active && stage !== 'waiting');
  const isStream = ({ kind, stage }: Request): boolean => kind === 'stream' && stage === 'running';
  return { requests: there.filter((one) => !isStream(one)).map(view), streams: there.filter(isStream).map(view) };
}

/** A machine that executes a request has picked it up long ago; any other has yet to. */
function view({ keys, epoch, stage, isBroken }: Request): AtPrimary {
  return { allKeys: () => keys, epoch, sentAt: stage === 'sent' ? null : -Infinity, unanswered: isBroken };
}

function exchangeOf({ keys }: Request, made: readonly string[]): ExchangedKeys {
  return { keys: () => keys, responseKeys: () => made };
}

function reachClient({ clients, requests }: World, request: Request, made: readonly string[], bit = 1 << request.id): void {
  for (const session of request.sessions) {
    clients.acknowledged.set(session, (clients.acknowledged.get(session) ?? 0) | bit);
    const [key] = made;
    if (key !== undefined) clients.cookies.set(session, key);
  }
  requests.splice(requests.indexOf(request), 1);
}

type Act = (name: string, apply: (world: World, proxy: Proxy) => void) => Action;

/** Notifications may be lost, late and doubled: a proxy may look at the rows at any time, or not. */
function loading(model: Model, world: World, proxy: Proxy, act: Act): Action[] {
  if (proxy.load !== null) return [act('hears what it read of the rows', (next, it) => hear(model, next, it))];
  if (!hasNews(world, proxy)) return [];
  const late = act('reads the rows, and hears of it later', (next, it) => {
    next.left.lateLoads--;
    read(next, it);
  });
  return [act('loads the rows', (next, it) => load(model, next, it)), ...(world.left.lateLoads > 0 ? [late] : [])];
}

/** A key that is not known is asked for; the answer is as old as the question when it arrives, or is lost. */
function lookingUp(model: Model, world: World, proxy: Proxy, act: Act): Action[] {
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
function hearing(model: Model, world: World, proxy: Proxy, act: Act): Action[] {
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

export function end(model: Model, world: World, proxy: Proxy, id: number, run: string, moved: readonly string[]): void {
  model.routing.endHold(proxy.routing, id, run, moved);
  pump(model, world, proxy);
}

/** An answer of the standby waits for its new ids to be written. */
function recording(model: Model, world: World, proxy: Proxy, act: Act): Action[] {
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

function overdue(world: World, proxy: Proxy, act: Act): Action[] {
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

/** The connection of a request to the primary breaks. Until its time-out the proxy must take it for running. */
function breaking(world: World, { incarnation }: Proxy): Action[] {
  return world.requests.flatMap(({ id, proxy, machine, stage, isBroken }, index): Action[] => {
    if (proxy !== incarnation || machine !== 'a') return [];
    if (isBroken) {
      return [{ name: `the time-out of request ${id} passes`, apply: (next) => void next.requests.splice(index, 1) }];
    }
    if (world.left.broken === 0 || (stage !== 'sent' && stage !== 'running')) return [];
    const breaks = (next: World): void => {
      next.left.broken--;
      (next.requests[index] as Request).isBroken = true;
    };
    return [{ name: `${incarnation} loses the connection of request ${id}`, apply: breaks }];
  });
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

function load(model: Model, world: World, proxy: Proxy): void {
  const earlier = proxy.load;
  read(world, proxy);
  hear(model, world, proxy);
  proxy.load = earlier;
}

function pump(model: Model, world: World, proxy: Proxy): void {
  for (const request of requestsOf(world, proxy)) if (request.stage === 'waiting') decide(model, proxy, request);
}

function start(model: Model, world: World, proxy: Proxy): void {
  proxy.incarnation = `${proxy.slot}${Number(proxy.incarnation.slice(1)) + 1}`;
  if (model.rules.registersBeforeLoad) {
    rows.registerProxy(world.rows, proxy.incarnation);
    proxy.life = 'registered';
  } else {
    load(model, world, proxy);
    proxy.life = 'loaded';
  }
}

function registerLate(world: World, proxy: Proxy): void {
  rows.registerProxy(world.rows, proxy.incarnation);
  proxy.life = 'serving';
}

export function serve(model: Model, world: World, proxy: Proxy): void {
  load(model, world, proxy);
  proxy.life = 'serving';
}

/** What waits in a proxy dies with it; what was sent may still be executed. */
function crash(world: World, proxy: Proxy): void {
  world.left.crashes--;
  world.requests = world.requests.filter(
    (one) => one.proxy !== proxy.incarnation || one.stage === 'sent' || one.stage === 'running',
  );
  const { slot, incarnation } = proxy;
  Object.assign(proxy, createProxy(slot), { incarnation, life: 'down' });
}

export function createProxy(slot: string): Proxy {
  return {
    slot,
    incarnation: `${slot}0`,
    life: 'down',
    routing: createRoutingState(),
    lookUp: null,
    load: null,
    unrecorded: [],
  };
}

/** Servers bound their requests: none of those that the proxy sent is left. */
function timeOut(world: World, incarnation: string): void {
  world.requests = world.requests.filter((request) => request.proxy !== incarnation);
  world.rows.proxies.set(incarnation, 'long-ago');
}
