// The cookie of a session with all that it says to a browser: two machines have to say the same.

import type { MachineConfig, PoolConfig } from '../../config/types.js';
import { notMovable } from '../errors.js';
import type { Visit } from './canary-visit.js';
import { all, visit } from './canary-visit.js';

export interface SessionCookie {
  name: string;
  value: string;
  /** In lower case and sorted, without what tells time, and the path as it is. */
  attributes: string;
}

/** Begins a session by asking for `path`; refuses one that begins none in a cookie that the pool knows. */
export async function beginSession(machine: MachineConfig, path: string, pool: PoolConfig): Promise<SessionCookie> {
  const cookie = sessionCookieIn(await visit(machine, path, pool, null), pool);
  if (cookie !== null) return cookie;
  throw notMovable(
    `${path} on machine ${machine.name} sets no session id in ${pool.sessionId.cookies.join(', ')}.`,
    'Name a path in sessions.canary that begins a session, or correct sessionId.cookies; both machines must use the same name.',
  );
}

/** The cookie of a session that an answer sets, or null. */
function sessionCookieIn({ headers }: Visit, { sessionId }: PoolConfig): SessionCookie | null {
  const cookies = all(headers['set-cookie']).map(parsed);
  return cookies.find(({ name }) => sessionId.cookies.includes(name)) ?? null;
}

/** Refuses two machines that give the cookie different names, paths, domains or flags: a browser would send two, or none. */
export function mustBeAlike(one: MachineConfig, ours: SessionCookie, other: MachineConfig, theirs: SessionCookie): void {
  const [mine, yours] = [ours, theirs].map(({ name, attributes }) => `${name}; ${attributes}`);
  if (asOfOneHost(mine, one) === asOfOneHost(yours, other)) return;
  throw notMovable(
    `The session cookies of machines ${one.name} and ${other.name} differ: "${mine ?? ''}" and "${yours ?? ''}".`,
    'Give both the same name, path, domain and flags.',
  );
}

/** The same of two answers that have begun sessions, as far as these are in cookies. */
export function mustBeginAlike(pool: PoolConfig, one: MachineConfig, ours: Visit, other: MachineConfig, theirs: Visit): void {
  const [mine, yours] = [sessionCookieIn(ours, pool), sessionCookieIn(theirs, pool)];
  if (mine !== null && yours !== null) mustBeAlike(one, mine, other, yours);
}

/** The canary asks each machine by its own address, and some applications set what they were asked by as the domain. */
function asOfOneHost(cookie: string | undefined, { url, host }: MachineConfig): string | undefined {
  const asked = new URL(host === undefined ? url : `http://${host}`).hostname;
  return cookie?.replace(/(; domain=)\.?([^;]*)/, (all, domain: string, its: string) =>
    its.toLowerCase() === asked ? domain : all,
  );
}

function parsed(line: string): SessionCookie {
  const [pair = '', ...rest] = line.split(';').map((part) => part.trim());
  const at = pair.indexOf('=');
  const attributes = rest
    .filter((attribute) => !/^(expires|max-age)=/i.test(attribute))
    .map((attribute) => attribute.replace(/^[^=]*/, (name) => name.toLowerCase()))
    .sort();
  return { name: pair.slice(0, at), value: pair.slice(at + 1), attributes: attributes.join('; ') };
}
