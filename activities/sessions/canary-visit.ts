// Requests of our own to a machine itself, past the proxies.

import type { Dispatcher } from 'undici';
import { request } from 'undici';
import { hostHeader } from '../../config/host-header.js';
import type { MachineConfig, PoolConfig } from '../../config/types.js';
import { machineUnreachable, notMovable } from '../errors.js';
import type { Side } from './tomcat-lane.js';

const REQUEST_TIMEOUT_MS = 10_000;
/** Of a page; what is looked for is near its beginning. Chosen. */
const MOST_BYTES = 2 ** 20;
/** No application has it: its own code is not to run for this. */
const NOBODYS_PATH = 'vm-rejuv-canary';

/** What names a session in a request: a header, and what is in it. */
export interface SessionHeader {
  /** In lower case. */
  name: string;
  /** Of a cookie, NAME=VALUE. */
  value: string;
}

/** What a machine has answered to a canary. */
export interface Visit {
  headers: Dispatcher.ResponseData['headers'];
  /** At most a mebibyte of it. */
  text: string;
  /** What names the session that the answer sets, or null. */
  session: SessionHeader | null;
}

/** Asks for `path`, with the session of `session` if any; refuses an error. */
export async function visit(
  machine: MachineConfig,
  path: string,
  { sessionId }: PoolConfig,
  session: SessionHeader | null,
): Promise<Visit> {
  const { statusCode, headers, text } = await ask(machine, path, session);
  if (statusCode >= 400)
    throw notMovable(`Machine ${machine.name} answered ${statusCode} to the canary's ${path}.`, 'Correct sessions.canary.path.');
  return { headers, text, session: sessionSetBy(headers, sessionId) };
}

/** What names the session that an answer sets, or null. */
export function sessionSetBy(
  headers: Visit['headers'],
  { cookies, headers: names }: PoolConfig['sessionId'],
): SessionHeader | null {
  const cookie = cookiesSetBy(headers).find((pair) => cookies.includes(pair.slice(0, pair.indexOf('='))));
  if (cookie !== undefined) return { name: 'cookie', value: cookie };
  for (const name of names.map((each) => each.toLowerCase())) {
    const [value] = all(headers[name]);
    if (value !== undefined) return { name, value };
  }
  return null;
}

/** NAME=VALUE of each cookie that an answer sets. */
export function cookiesSetBy(headers: Visit['headers']): string[] {
  return all(headers['set-cookie']).map((line) => line.split(';', 1)[0] ?? '');
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
export function nameToTomcat({ machine, manager, sessionCookies }: Side, id: string): Promise<void> {
  // A context looks at its own cookie alone.
  const value = sessionCookies.map((name) => `${name}=${id}`).join('; ');
  return askInPassing(machine, manager.context, { name: 'cookie', value });
}

/** One request to a machine itself, its answer read. */
export async function ask(
  machine: MachineConfig,
  path: string,
  session: SessionHeader | null,
  form?: URLSearchParams,
): Promise<Omit<Visit, 'session'> & { statusCode: number }> {
  try {
    const { statusCode, headers, body } = await request(new URL(path, machine.url), {
      headers: {
        ...hostHeader(machine),
        ...(session === null ? {} : { [session.name]: session.value }),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form === undefined ? {} : { method: 'POST', body: form.toString() }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      if ((bytes += chunk.length) > MOST_BYTES) break;
    }
    return { statusCode, headers, text: Buffer.concat(chunks).toString('utf8') };
  } catch (cause) {
    throw machineUnreachable(machine.name, path, cause);
  }
}
