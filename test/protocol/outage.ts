// The active machine dies, or hangs and goes on late; somebody starts one that is off. What only its memory had is lost with it.

import type { Action, Model } from './rules.js';
import { storeOf } from './servers.js';
import type { Request, World } from './world.js';

export function outageActions(model: Model, world: World): Action[] {
  const { power } = world.machines.a;
  const { deaths, hangs, starts } = world.left;
  const act = (name: string, apply: (next: World) => void): Action => ({ name, apply });
  const actions: Action[] = [];
  // Once it is the standby, its death is nobody's matter.
  const mayFail = power === 'on' && world.rows.pool.active === 'a';
  if (deaths > 0 && mayFail) {
    actions.push(
      act('a dies', (next) => {
        next.left.deaths--;
        die(model, next);
      }),
    );
  }
  if (hangs > 0 && mayFail) {
    actions.push(
      act('a hangs', (next) => {
        next.left.hangs--;
        next.machines.a.power = 'hung';
      }),
    );
  }
  if (power === 'hung') actions.push(act('a goes on', (next) => void (next.machines.a.power = 'on')));
  // Who starts a standby while a proxy is behind answers for it: nothing can be done about that.
  if (starts > 0 && power === 'off' && (world.rows.pool.active === 'a' || isLeftAlone(world))) {
    actions.push(
      act('somebody starts a', (next) => {
        next.left.starts--;
        next.machines.a.power = 'on';
        loadStored(model, next);
      }),
    );
  }
  return actions;
}

/** No proxy sends anything to a, or has it under way. */
export function isLeftAlone({ proxies, requests }: World): boolean {
  return (
    proxies.every(({ life, routing }) => life === 'down' || routing.active === 'b') &&
    requests.every(({ machine, stage }) => machine !== 'a' || stage === 'waiting')
  );
}

/** A hypervisor's stop: a machine that runs is asked to end first, and writes its sessions. One that hangs is forced. */
export function powerOff(model: Model, world: World): void {
  const { power, memory } = world.machines.a;
  if (power === 'off') return;
  if (power === 'on') {
    for (const { session, key, content } of memory.values()) storeOf(model, world, 'a').set(key, { session, key, content });
  }
  die(model, world);
}

/** What is in memory and not stored is lost; what is stored in an older state, its updates since. */
export function die(model: Model, world: World): void {
  const { memory } = world.machines.a;
  const isAtA = ({ machine, stage }: Request): boolean => machine === 'a' && stage !== 'waiting';
  world.requests = world.requests.filter((request) => !isAtA(request));
  for (const [session, { key }] of memory) {
    // What the standby has of a restart's is not this machine's any more.
    if (world.rows.owners.get(key)?.machine === 'b') continue;
    const stored = storeOf(model, world, 'a').get(key);
    if (stored === undefined) lose(world, session, key);
    else rewind(world, session, stored.content);
  }
  memory.clear();
  world.machines.a.power = 'off';
}

function lose({ clients, requests }: World, session: string, key: string): void {
  clients.lost.add(key);
  if (clients.cookies.get(session) === key) clients.cookies.delete(session);
  clients.acknowledged.delete(session);
  for (const request of requests) if (request.keys.includes(key)) request.mustSee = request.mustSee.map(() => 0);
}

/** Nobody is owed what was not stored. */
function rewind({ clients, requests }: World, session: string, content: number): void {
  clients.acknowledged.set(session, (clients.acknowledged.get(session) ?? 0) & content);
  for (const request of requests) {
    request.sessions.forEach((one, index) => {
      if (one === session) request.mustSee[index] = (request.mustSee[index] ?? 0) & content;
    });
  }
}

/** Its own requests, and scanners', load what it finds. */
function loadStored(model: Model, world: World): void {
  if (model.mechanism === 'shared') return;
  for (const { session, key, content } of world.machines.a.store.values())
    world.machines.a.memory.set(session, { session, key, content, saved: content });
}
