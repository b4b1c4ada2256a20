// Requests of our own to a machine itself, past the proxies.

import type { Dispatcher } from 'undici';
import { request } from 'undici';
import type { MachineConfig, PoolConfig } from '../../config/types.js';
import { machineUnreachable, notMovable } from '../errors.js';
import type { Side } from './tomcat-lane.js';

const REQUEST_TIMEOUT_MS = 10_000;
/** No application has it: its own code is not to run for this. */
const NOBODYS_PATH = 'vm-rejuv-canary';

/** Asks for `path`, with the session of `cookie` (name=value) if any. Resolves with the session cookie that the answer sets, or null. */
export async function visit(
  machine: MachineConfig,
  path: string,
  pool: PoolConfig,
  cookie: string | null,
): Promise<string | null> {
  const { statusCode, headers } = await ask(machine, path, cookie);
  if (statusCode >= 400) {
    throw notMovable(`Machine ${machine.name} answered ${statusCode} to the canary's ${path}.`, 'Correct sessions.canary.path.');
  }
  const set = headers['set-cookie'] ?? [];
  const cookies = (typeof set === 'string' ? [set] : set).map((line) => line.split(';', 1)[0] ?? '');
  return cookies.find((line) => pool.sessionId.cookies.includes(line.slice(0, line.indexOf('=')))) ?? null;
}

/** Names a session to a context on a path that nobody has: the server looks it up, and the application hears nothing of it. */
export async function askInPassing(machine: MachineConfig, context: string, cookie: string): Promise<void> {
  await ask(machine, `${context}/${NOBODYS_PATH}`, cookie);
}

/** How many sessions are named to Tomcat at once: of those that are nowhere one says it all, the rest of the stale come next time. Chosen. */
export const NAMED_AT_ONCE = 5;

/** Tomcat looks for a session in its own store when a request names it, whatever the request's path. */
export function nameToTomcat({ machine, manager, sessionCookie }: Side, id: string): Promise<void> {
  return askInPassing(machine, manager.context, `${sessionCookie}=${id}`);
}

async function ask(machine: MachineConfig, path: string, cookie: string | null): Promise<Dispatcher.ResponseData> {
  try {
    const response = await request(`${machine.url}${path}`, {
      headers: cookie === null ? {} : { cookie },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    await response.body.dump();
    return response;
  } catch (cause) {
    throw machineUnreachable(machine.name, path, cause);
  }
}
