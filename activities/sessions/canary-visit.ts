// Requests of our own to a machine itself, past the proxies.

import type { Dispatcher } from 'undici';
import { request } from 'undici';
import type { MachineConfig, PoolConfig } from '../../config/types.js';
import { machineUnreachable, notMovable } from '../errors.js';
import type { Side } from './tomcat-lane.js';

const REQUEST_TIMEOUT_MS = 10_000;
/** No application has it: its own code is not to run for this. */
const NOBODYS_PATH = 'vm-rejuv-canary';

/** What names a session in a request: a header, and what is in it. */
export interface SessionHeader {
  /** In lower case. */
  name: string;
  /** Of a cookie, NAME=VALUE. */
  value: string;
}

/** Asks for `path`, with the session of `session` if any. Resolves with what names the session that the answer sets, or null. */
export async function visit(
  machine: MachineConfig,
  path: string,
  { sessionId }: PoolConfig,
  session: SessionHeader | null,
): Promise<SessionHeader | null> {
  const headers = await answerTo(machine, path, session);
  const cookies = all(headers['set-cookie']).map((line) => line.split(';', 1)[0] ?? '');
  const cookie = cookies.find((pair) => sessionId.cookies.includes(pair.slice(0, pair.indexOf('='))));
  if (cookie !== undefined) return { name: 'cookie', value: cookie };
  for (const name of sessionId.headers.map((each) => each.toLowerCase())) {
    const [value] = all(headers[name]);
    if (value !== undefined) return { name, value };
  }
  return null;
}

/** The headers of the answer to a canary's request; refuses an error. */
export async function answerTo(
  machine: MachineConfig,
  path: string,
  session: SessionHeader | null,
): Promise<Dispatcher.ResponseData['headers']> {
  const { statusCode, headers } = await ask(machine, path, session);
  if (statusCode < 400) return headers;
  throw notMovable(`Machine ${machine.name} answered ${statusCode} to the canary's ${path}.`, 'Correct sessions.canary.path.');
}

/** Every value of a header. */
export function all(value: string | string[] | undefined): string[] {
  return typeof value === 'string' ? [value] : (value ?? []);
}

/** Names a session to a context on a path that nobody has: the server looks it up, and the application hears nothing of it. */
export async function askInPassing(machine: MachineConfig, context: string, session: SessionHeader): Promise<void> {
  await ask(machine, `${context}/${NOBODYS_PATH}`, session);
}

/** How many sessions are named to Tomcat at once: of those that are nowhere one says it all, the rest of the stale come next time. Chosen. */
export const NAMED_AT_ONCE = 5;

/** Tomcat looks for a session in its own store when a request names it, whatever the request's path. */
export function nameToTomcat({ machine, manager, sessionCookie }: Side, id: string): Promise<void> {
  return askInPassing(machine, manager.context, { name: 'cookie', value: `${sessionCookie}=${id}` });
}

async function ask(machine: MachineConfig, path: string, session: SessionHeader | null): Promise<Dispatcher.ResponseData> {
  try {
    const response = await request(`${machine.url}${path}`, {
      headers: session === null ? {} : { [session.name]: session.value },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    await response.body.dump();
    return response;
  } catch (cause) {
    throw machineUnreachable(machine.name, path, cause);
  }
}
