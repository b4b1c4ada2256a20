// Sessions that go from one machine to the other at the end of an answer, past all proxies: what a server has not saved by then is lost.

import { normalisedId } from '../../config/route-marker.js';
import type { MachineConfig, PoolConfig } from '../../config/types.js';

interface Cart {
  count: number;
}

export interface FlippedSession {
  /** As the session's key is made of it. */
  id: string;
  cookie: string;
}

/** Begins a session of the shop. */
export async function beginSession(machine: MachineConfig, { sessionId }: PoolConfig): Promise<FlippedSession> {
  const response = await fetch(`${machine.url}/shop/cart`, { method: 'POST' });
  await response.arrayBuffer();
  const cookie = response.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
  return { id: normalisedId(cookie.slice(cookie.indexOf('=') + 1), sessionId.routeMarker), cookie };
}

/**
 * Changes each session at `from` and, once `between` is done, at `to`; how many were not found as they had been left. All at once, as a
 * batch is.
 */
export async function flip(
  from: MachineConfig,
  to: MachineConfig,
  sessions: readonly FlippedSession[],
  between: () => Promise<void>,
  change = add,
): Promise<number> {
  const left = await Promise.all(sessions.map((session) => change(from, session)));
  await between();
  const found = await Promise.all(sessions.map((session) => change(to, session)));
  return found.filter((count, index) => count !== (left[index] ?? NaN) + 1).length;
}

/** How a session is looked after on its way from one machine to the other. */
export interface FlipOptions {
  /** Begun, and nothing else: to be made what it is to be, and saved. */
  ready: (session: FlippedSession) => Promise<unknown>;
  between: () => Promise<unknown>;
  change?: typeof add;
}

/** As `flip` from the first machine to the second, so many times, with a new session each time. */
export async function flipNew(pool: PoolConfig, times: number, { ready, between, change }: FlipOptions): Promise<number> {
  const [from, to] = pool.machines;
  let stale = 0;
  for (let flipped = 0; flipped < times; flipped++) {
    const session = await beginSession(from, pool);
    await ready(session);
    stale += await flip(from, to, [session], async () => void (await between()), change);
  }
  return stale;
}

/** Changes the session at this machine; how many changes it has had there. */
export async function add(machine: MachineConfig, { cookie }: FlippedSession): Promise<number> {
  const response = await fetch(`${machine.url}/shop/cart?item=flipped`, { method: 'POST', headers: { cookie } });
  if (!response.ok) throw new Error(`machine ${machine.name} answered ${response.status}`);
  return ((await response.json()) as Cart).count;
}

/** As `add`, by an answer that is short however large the session is. */
export async function addShortly(machine: MachineConfig, { cookie }: FlippedSession, item = 'flipped'): Promise<number> {
  const body = `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><add><item>${item}</item></add></soap:Body></soap:Envelope>`;
  const headers = { cookie, 'content-type': 'text/xml' };
  const answer = await (await fetch(`${machine.url}/shop/soap`, { method: 'POST', headers, body })).text();
  const [, count] = /<count>(\d+)</.exec(answer) ?? [];
  if (count === undefined) throw new Error(`machine ${machine.name} does not tell of the session`);
  return Number(count);
}
