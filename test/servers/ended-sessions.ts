// Sessions that have ended before the restarts, or end during them: no hand-over may bring one back.

import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Installation } from '../../demo/installation.js';
import { SessionIds } from '../../proxy/session-ids.js';
import { openDatabase } from '../../state/database.js';
import { loadSessionKeyHash } from '../../state/installation.js';
import { readPool } from '../../state/pool.js';
import { lookUpOwners } from '../../state/session-owner.js';

/** Servers look for what has expired now and then; asked by its id, it is gone at once. */
const BRIEF_S = 3;
/** Servers count how long a session has rested in whole seconds. */
const MARGIN_MS = 1000;
/** Between two looks whether a session has been handed over. */
const POLL_MS = 10;

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
  /**
   * Runs a restart, in which a user logs out whose session has been handed over, while others still move if it is not the last to go. Resolves
   * with what `restart` does, and whether that came to pass before the seal.
   */
  duringOneMore<T>(installation: Installation, restart: () => Promise<T>): Promise<{ result: T; wasMoving: boolean }>;
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
  const endedMeanwhile: Seen[] = [];
  return {
    async duringOneMore(installation, restart) {
      const seen = await begin(origin, 'a session that was ended while others moved');
      let isOver = false;
      const result = restart().finally(() => (isOver = true));
      const [restarted, wasMoving] = await Promise.all([
        result,
        untilHandedOver(installation, origin, seen.cookie, () => isOver).then(async (stillMoving) => {
          await post(origin, '/shop/logout', seen.cookie);
          endedMeanwhile.push(seen);
          return stillMoving();
        }),
      ]);
      return { result: restarted, wasMoving };
    },
    async cameBack() {
      const copiesMs = copiesRest === null ? 0 : copiesRest * BRIEF_S * 1000 + MARGIN_MS;
      await sleep(Math.max(copiesMs, endsAt - performance.now(), 0));
      const found: string[] = [];
      for (const { what, cookie, created } of [loggedOut, brief, ...endedMeanwhile]) {
        const cart = await look(origin, cookie);
        if (cart.created === created || cart.items.length > 0) found.push(what);
      }
      return found;
    },
  };
}

/** Waits until the standby has the session, or the restart is over. Resolves with what tells whether others still move. */
async function untilHandedOver(
  { env, pool: { name, sessionId } }: Installation,
  origin: string,
  cookie: string,
  isOver: () => boolean,
): Promise<() => Promise<boolean>> {
  const database = openDatabase(env['VM_REJUV_DATABASE_URL'] ?? '');
  onTestFinished(() => database.end());
  const keys = new SessionIds(sessionId).ofRequest({ headers: { cookie }, url: '/' }).map(await loadSessionKeyHash(database));
  const isMoving = async (): Promise<boolean> => (await readPool(database, name)).phase === 'moving';
  const untilEither = async (isSo: () => Promise<boolean>): Promise<void> => {
    while (!isOver() && !(await isSo())) await sleep(POLL_MS);
  };
  await untilEither(isMoving);
  // Where the proxies alone tell which sessions there are, one that nobody uses meanwhile moves with the seal.
  await look(origin, cookie);
  await untilEither(async () => (await lookUpOwners(database, name, keys)).size === keys.length);
  return isMoving;
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
