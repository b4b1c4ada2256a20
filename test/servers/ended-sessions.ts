// Sessions that have ended before the restarts, or end during them: no hand-over may bring one back.

import { setTimeout as sleep } from 'node:timers/promises';

/** Servers look for what has expired now and then; asked by its id, it is gone at once. */
const BRIEF_S = 3;
/** Servers count how long a session has rested in whole seconds. */
const MARGIN_MS = 1000;

interface Seen {
  what: string;
  cookie: string;
  created: string;
}

interface Cart {
  created: string;
  items: string[];
}

export interface EndedSessions {
  /** Those that live again, or live on. */
  cameBack(): Promise<string[]>;
}

/**
 * One session that its user has ended, and one that nobody will use for longer than it may rest. `copiesRest`: where machines send each other
 * copies, which rest anew and so many times as long as the session itself; null where there are none.
 */
export async function beginEndedSessions(origin: string, copiesRest: number | null = null): Promise<EndedSessions> {
  const loggedOut = await begin(origin, 'a session that was ended');
  await post(origin, '/shop/logout', loggedOut.cookie);
  const brief = await begin(origin, 'a session that has expired');
  await post(origin, `/shop/brief?seconds=${BRIEF_S}`, brief.cookie);
  const endsAt = performance.now() + BRIEF_S * 1000;
  return {
    async cameBack() {
      const copiesMs = copiesRest === null ? 0 : copiesRest * BRIEF_S * 1000 + MARGIN_MS;
      await sleep(Math.max(copiesMs, endsAt - performance.now(), 0));
      const found: string[] = [];
      for (const { what, cookie, created } of [loggedOut, brief]) {
        const cart = await look(origin, cookie);
        if (cart.created === created || cart.items.length > 0) found.push(what);
      }
      return found;
    },
  };
}

async function begin(origin: string, what: string): Promise<Seen> {
  const response = await fetch(`${origin}/shop/cart?item=remembered`, { method: 'POST' });
  const cookie = response.headers.getSetCookie().map((line) => line.split(';', 1)[0]);
  const { created } = (await response.json()) as Cart;
  return { what, cookie: cookie.join('; '), created };
}

async function post(origin: string, path: string, cookie: string): Promise<void> {
  const response = await fetch(`${origin}${path}`, { method: 'POST', headers: { cookie } });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${path} was answered ${response.status}`);
}

async function look(origin: string, cookie: string): Promise<Cart> {
  return (await fetch(`${origin}/shop/cart`, { headers: { cookie } })).json() as Promise<Cart>;
}
