// The cookie of a session with all that it says to a browser: two machines have to say the same.

import type { MachineConfig, PoolConfig } from '../../../config/types.js';
import { notMovable } from '../../errors.js';
import { all, answerTo } from '../canary-visit.js';

export interface SessionCookie {
  name: string;
  value: string;
  /** In lower case and sorted, without what tells time, and the path as it is. */
  attributes: string;
}

/** Begins a session by asking for `path`; refuses one that begins none in a cookie that the pool knows. */
export async function beginSession(machine: MachineConfig, path: string, { sessionId }: PoolConfig): Promise<SessionCookie> {
  const headers = await answerTo(machine, path, null);
  const cookies = all(headers['set-cookie']).map(parsed);
  const cookie = cookies.find(({ name }) => sessionId.cookies.includes(name));
  if (cookie !== undefined) return cookie;
  throw notMovable(
    `${path} on machine ${machine.name} sets no session id in ${sessionId.cookies.join(', ')}.`,
    'Name a path in sessions.canary that begins a session, or correct sessionId.cookies; both machines must use the same name.',
  );
}

/** Refuses two machines that give the cookie different names, paths, domains or flags: a browser would send two, or none. */
export function mustBeAlike(one: MachineConfig, ours: SessionCookie, other: MachineConfig, theirs: SessionCookie): void {
  const [mine, yours] = [ours, theirs].map(({ name, attributes }) => `${name}; ${attributes}`);
  if (mine === yours) return;
  throw notMovable(
    `The session cookies of machines ${one.name} and ${other.name} differ: "${mine ?? ''}" and "${yours ?? ''}".`,
    'Give both the same name, path, domain and flags.',
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
