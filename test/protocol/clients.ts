// The clients: each session has one, which may have several requests under way, through any proxy.

import { decide } from './proxy-requests.js';
import type { Action, Model } from './rules.js';
import type { Budget, Proxy, Request, World } from './world.js';

interface Wish {
  kind: Request['kind'];
  sessions: string[];
  budget: keyof Budget;
}

export function clientActions(model: Model, world: World): Action[] {
  return world.proxies.flatMap((proxy, index) => {
    if (proxy.life !== 'serving') return [];
    return wishes(world).map((wish) => ({
      name: `a client sends ${proxy.incarnation} a ${wish.budget === 'newcomers' ? 'first' : wish.kind} request of ${wish.sessions.join()}`,
      apply: (next) => send(model, next, next.proxies[index] as Proxy, wish),
    }));
  });
}

/** What clients may still want. */
function wishes({ clients: { cookies, sent }, left }: World): Wish[] {
  const sessions = [...cookies.keys()];
  const each = (kind: Request['kind'], budget: keyof Budget): Wish[] =>
    left[budget] > 0 ? sessions.map((session) => ({ kind, sessions: [session], budget })) : [];
  return [
    ...each('plain', 'requests'),
    ...each('log-in', 'logIns'),
    ...each('stream', 'streams'),
    ...(left.pairs > 0 ? [{ kind: 'plain' as const, sessions: ['s1', 's2'], budget: 'pairs' as const }] : []),
    ...(left.newcomers > 0 ? [{ kind: 'plain' as const, sessions: [`s${sent + 3}`], budget: 'newcomers' as const }] : []),
  ];
}

function send(model: Model, world: World, proxy: Proxy, { kind, sessions, budget }: Wish): void {
  const { clients, left } = world;
  left[budget]--;
  const request: Request = {
    id: ++clients.sent,
    kind,
    sessions,
    keys: sessions.flatMap((session) => clients.cookies.get(session) ?? []),
    proxy: proxy.incarnation,
    machine: null,
    epoch: 0,
    stage: 'waiting',
    isBroken: false,
    mustSee: sessions.map((session) => clients.acknowledged.get(session) ?? 0),
  };
  world.requests.push(request);
  decide(model, proxy, request);
}
