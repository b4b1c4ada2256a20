// The proxies: what each may do next, how it starts, serves, and dies.

import { createRoutingState } from '../../proxy/routing.js';
import { hearing, load, loading, lookingUp, overdue, recording } from './proxy-news.js';
import type { ProxyAct } from './proxy-news.js';
import { breaking } from './proxy-requests.js';
import type { Action, Model } from './rules.js';
import * as rows from './rows.js';
import type { Proxy, Request, World } from './world.js';
import { proxyOf } from './world.js';

/** What each proxy may do next. */
export function proxyActions(model: Model, world: World): Action[] {
  return world.proxies.flatMap((proxy, index) => {
    const act: ProxyAct = (name, apply) => ({
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

/** A proxy that has not been started. */
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

/** Loads the rows in one snapshot, then serves. */
export function serve(model: Model, world: World, proxy: Proxy): void {
  load(model, world, proxy);
  proxy.life = 'serving';
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

/** What waits in a proxy dies with it; what was sent may still be executed, where there is a machine. */
function crash(world: World, proxy: Proxy): void {
  world.left.crashes--;
  const isAlive = ({ machine, stage }: Request): boolean =>
    (stage === 'sent' && world.machines[machine ?? 'a'].power !== 'off') || stage === 'running';
  world.requests = world.requests.filter((one) => one.proxy !== proxy.incarnation || isAlive(one));
  const { slot, incarnation } = proxy;
  Object.assign(proxy, createProxy(slot), { incarnation, life: 'down' });
}

/** Servers bound their requests: none of those that the proxy sent is left. */
function timeOut(world: World, incarnation: string): void {
  world.requests = world.requests.filter((request) => request.proxy !== incarnation);
  world.rows.proxies.set(incarnation, 'long-ago');
}
