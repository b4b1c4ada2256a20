// The two application servers. A session is an object in memory or a copy in a store; requests are executed on the object.

import type { Action, Model } from './rules.js';
import type { Machine, Request, SessionObject, Stored, World } from './world.js';
import { fail, proxyOf } from './world.js';
import { answer } from './proxy-requests.js';

export function storeOf({ mechanism }: Model, world: World, machine: Machine): Map<string, Stored> {
  return world.machines[mechanism === 'shared' ? 'a' : machine].store;
}

export function serverActions(model: Model, world: World): Action[] {
  const actions: Action[] = [];
  world.requests.forEach((request, index) => {
    const { machine, stage, kind } = request;
    if (machine === null) return;
    const { power } = world.machines[machine];
    const name = `${machine} %s request ${request.id} [${request.keys.join()}]`;
    const act = (verb: string, apply: (world: World, request: Request) => unknown): void => {
      actions.push({ name: name.replace('%s', verb), apply: (next) => void apply(next, next.requests[index] as Request) });
    };
    if (power === 'hung') return;
    if (power === 'off') {
      if (stage === 'sent') act('is off, and refuses', (next, it) => void next.requests.splice(next.requests.indexOf(it), 1));
      return;
    }
    // The standby's work need not be taken apart: what matters is whether the primary executes meanwhile.
    if (machine === 'b') {
      if (stage === 'sent') act('executes', (next, it) => begin(model, next, it) && finish(model, next, it));
      return;
    }
    if (stage === 'sent') act('begins to execute', (next, it) => begin(model, next, it));
    if (stage === 'running') act(kind === 'stream' ? 'ends the stream of' : 'answers', (next, it) => finish(model, next, it));
  });
  for (const [session, { content, saved }] of world.machines.a.power === 'on' ? world.machines.a.memory : []) {
    if (content !== saved) actions.push({ name: `a saves ${session}`, apply: (next) => save(model, next, 'a', session) });
  }
  return actions;
}

/** Requests that a machine executes on a session object, whatever id they named. */
export function running(world: World, machine: Machine, session: string): Request[] {
  return world.requests.filter((one) => one.stage === 'running' && one.machine === machine && one.sessions.includes(session));
}

/** The keys of a machine's sessions, wherever they lie. */
export function keysAt(model: Model, world: World, machine: Machine): string[] {
  const { memory } = world.machines[machine];
  return [...new Set([...storeOf(model, world, machine).keys(), ...[...memory.values()].map(({ key }) => key)])];
}

/** False when the request does not get as far as the application. */
function begin(model: Model, world: World, request: Request): boolean {
  const machine = request.machine as Machine;
  mustServe(world, request);
  const isForgotten = request.isBroken || proxyOf(world, request.proxy) === undefined;
  const found = request.keys.map((key) => load(model, world, machine, key));
  if (found.includes(null)) {
    const lost = request.keys.filter((key, index) => found[index] === null && !isGone(world, key));
    if (lost.length > 0 && !isForgotten) {
      fail(world, `session lost: ${machine} executes request ${request.id}, and has no session ${lost.join()}`);
    }
    // The application begins a new session, or refuses; the client does not count the update.
    world.requests = world.requests.filter((one) => one !== request);
    return false;
  }
  request.stage = 'running';
  const other = machine === 'a' ? 'b' : 'a';
  request.sessions.forEach((session, index) => {
    if (request.keys.length === 0) return;
    if (running(world, other, session).some((one) => mayHarm(model, world, one)))
      fail(world, `both machines execute requests of ${session}`);
    const content = world.machines[machine].memory.get(session)?.content ?? 0;
    const missing = (request.mustSee[index] ?? 0) & ~content;
    if (missing !== 0 && !isForgotten) {
      fail(
        world,
        `update lost: request ${request.id} on ${machine} does not see update ${31 - Math.clz32(missing)} of ${session}`,
      );
    }
  });
  return true;
}

/** Whatever a machine executes that is the standby for good, the active one may execute beside it. */
function mustServe(world: World, { id, machine }: Request): void {
  const { phase, active } = world.rows.pool;
  if (phase === 'steady' && active === 'b' && machine === 'a')
    fail(world, `a executes request ${id}, and b is the active machine`);
}

/** No machine needs to know the key any more. */
function isGone({ clients: { replaced, lost } }: World, key: string): boolean {
  return replaced.has(key) || lost.has(key);
}

/**
 * With stores of their own, what the primary executes for nobody does not reach the standby: it may be late. In a shared store it
 * would overwrite.
 */
function mayHarm(model: Model, world: World, request: Request): boolean {
  return model.mechanism === 'shared' || !(request.isBroken || isStray(model, world, request));
}

/**
 * A WebSocket to Tomcat whose session has got another id since. Tomcat does not tell which one, and refuses what it does to the session
 * once that is swapped out.
 */
export function isStray({ mechanism }: Model, { clients }: World, { kind, keys }: Request): boolean {
  return mechanism === 'swap' && kind === 'stream' && keys.some((key) => clients.replaced.has(key));
}

function load(model: Model, world: World, machine: Machine, key: string): SessionObject | null {
  const { memory } = world.machines[machine];
  for (const object of memory.values()) if (object.key === key) return object;
  const stored = storeOf(model, world, machine).get(key);
  if (stored === undefined || memory.has(stored.session)) return null;
  const object = { ...stored, saved: stored.content };
  memory.set(stored.session, object);
  return object;
}

function finish(model: Model, world: World, request: Request): void {
  mustServe(world, request);
  const machine = request.machine as Machine;
  const { memory } = world.machines[machine];
  // What a WebSocket does to a session that Tomcat has swapped out meanwhile fails: no update that anybody counts on.
  const isRefused = request.kind === 'stream' && !request.sessions.every((session) => memory.has(session));
  const bit = model.mechanism === 'swap' && isRefused ? 0 : 1 << request.id;
  const made: string[] = [];
  for (const session of request.sessions) {
    const key = keyMade(request);
    if (request.keys.length === 0) memory.set(session, { session, key: key ?? '', content: bit, saved: 0 });
    const object = memory.get(session);
    // What is executed on an object that has left the memory meanwhile is written to nowhere.
    if (object !== undefined) object.content |= bit;
    if (key === null) continue;
    made.push(key);
    if (object !== undefined) object.key = key;
    if (request.kind === 'log-in') {
      for (const old of request.keys) {
        world.clients.replaced.add(old);
        storeOf(model, world, machine).delete(old);
      }
    }
  }
  if (machine === 'b') for (const session of request.sessions) save(model, world, 'b', session);
  if (!request.isBroken) return answer(model, world, request, made, bit);
  if (model.mechanism === 'shared') request.stage = 'gone';
  else world.requests = world.requests.filter((one) => one !== request);
}

/** The key of the id that the answer sets: a first request begins a session, a log-in renames it. */
export function keyMade({ keys, kind, sessions }: Request): string | null {
  if (keys.length === 0) return sessions.join().replace('s', 'k');
  return kind === 'log-in' ? `${keys.join('')}+` : null;
}

function save(model: Model, world: World, machine: Machine, session: string): void {
  const object = world.machines[machine].memory.get(session);
  if (object === undefined) return;
  object.saved = object.content;
  if (model.mechanism !== 'shared') return;
  storeOf(model, world, machine).set(object.key, { session, key: object.key, content: object.content });
  if (running(world, machine, session).length === 0) world.machines[machine].memory.delete(session);
}
