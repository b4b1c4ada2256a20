// Requests in a proxy: routed by the product's own functions, waiting or in flight, answered, or cut off.

import type { AtPrimary } from '../../proxy/quiet.js';
import type { ExchangedKeys } from '../../proxy/routing.js';
import type { Action, Model } from './rules.js';
import type { Machine, Proxy, Request, World } from './world.js';
import { proxyOf, requestsOf } from './world.js';

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

/** Decides again for everyone who waits. */
export function pump(model: Model, world: World, proxy: Proxy): void {
  for (const request of requestsOf(world, proxy)) if (request.stage === 'waiting') decide(model, proxy, request);
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

/** The client has the answer: its updates count, and its new id is sent from now on. */
export function reachClient(
  { clients, requests }: World,
  request: Request,
  made: readonly string[],
  bit = 1 << request.id,
): void {
  for (const session of request.sessions) {
    clients.acknowledged.set(session, (clients.acknowledged.get(session) ?? 0) | bit);
    const [key] = made;
    if (key !== undefined) clients.cookies.set(session, key);
  }
  requests.splice(requests.indexOf(request), 1);
}

/** The connection of a request to the primary breaks. Until its time-out the proxy must take it for running. */
export function breaking(world: World, { incarnation }: Proxy): Action[] {
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

/** What the routing functions ask of a request and of its answer. */
export function exchangeOf({ keys }: Request, made: readonly string[]): ExchangedKeys {
  return { keys: () => keys, responseKeys: () => made };
}
