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
): Promise<number> {
  const left = await Promise.all(sessions.map((session) => add(from, session)));
  await between();
  const found = await Promise.all(sessions.map((session) => add(to, session)));
  return found.filter((count, index) => count !== (left[index] ?? NaN) + 1).length;
}

/** Changes the session at this machine; how many changes it has had there. */
export async function add(machine: MachineConfig, { cookie }: FlippedSession): Promise<number> {
  const response = await fetch(`${machine.url}/shop/cart?item=flipped`, { method: 'POST', headers: { cookie } });
  if (!response.ok) throw new Error(`machine ${machine.name} answered ${response.status}`);
  return ((await response.json()) as Cart).count;
}
