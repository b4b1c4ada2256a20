// A session that one machine begins has to be known to the other, before any of a user's is sent there.

import { setTimeout as sleep } from 'node:timers/promises';
import { normalisedId } from '../../config/route-marker.js';
import type { MachineConfig, PoolConfig, SharedStoreCanary } from '../../config/types.js';
import { notMovable } from '../errors.js';
import type { SessionHeader, Visit } from './canary-visit.js';
import { ask, sessionSetBy, visit } from './canary-visit.js';
import { mustTakeForms } from './form-canary.js';
import type { MachinePair } from './mechanism.js';
import { mustBeginAlike } from './session-cookie.js';

/**
 * What is absent is not asked about: the server itself tells whether the two share sessions, and a made-up id is not harmless everywhere (a
 * Liberty that writes now and then answered 500 ever after).
 */
export type SharedCanary = Pick<SharedStoreCanary, 'path'> & Partial<SharedStoreCanary>;

/** Refuses, with what to change, where it is not known to the standby `barrierMs` later, or the machines name sessions differently. */
export async function sendCanary(
  pool: PoolConfig,
  { primary, standby }: MachinePair,
  { path, shows, form }: SharedCanary,
  barrierMs: number,
  signal: AbortSignal,
): Promise<void> {
  const ours = await begin(pool, primary, path);
  const theirs = await begin(pool, standby, path);
  mustBeginAlike(pool, primary, ours, standby, theirs);
  await sleep(barrierMs, undefined, { signal });
  const answer = await visit(standby, path, pool, ours.session);
  // Servers that write their own name into an id set it again, and the session is the same.
  if (answer.session !== null && idIn(pool, answer.session) !== idIn(pool, ours.session)) throw notFound(primary, standby);
  if (shows === null) await mustNotTakeUpAny(pool, standby, path, ours.session);
  else if (shows !== undefined) {
    const shown = [await visit(primary, path, pool, ours.session), answer, theirs].map(({ text }) => shownBy(shows, text));
    mustShowOne(shown, path, primary, standby);
  }
  if (form !== null && form !== undefined) await mustTakeForms({ primary, standby }, form);
}

/** One that nobody has given. */
async function mustNotTakeUpAny(pool: PoolConfig, standby: MachineConfig, path: string, session: SessionHeader): Promise<void> {
  const id = idIn(pool, session);
  const madeUp = { ...session, value: session.value.replace(id, [...id].reverse().join('')) };
  const { statusCode, headers } = await ask(standby, path, madeUp);
  const given = sessionSetBy(headers, pool.sessionId);
  if (statusCode >= 400 || (given !== null && idIn(pool, given) !== idIn(pool, madeUp))) return;
  throw notMovable(
    `Machine ${standby.name} takes up any session id, so that nothing tells whether it has found a session or begun another.`,
    'Set sessions.canary.shows to what the page shows of its session alone, or let the server refuse ids that it has not given, as by session.use_strict_mode of PHP.',
  );
}

/** Of a server that takes up an id which it does not know nothing else tells that the session is another. */
function mustShowOne(
  [ours, answer, theirs]: (string | null)[],
  path: string,
  primary: MachineConfig,
  standby: MachineConfig,
): void {
  if (ours === null || ours === undefined) {
    throw notMovable(
      `What sessions.canary.shows looks for is not in ${path} of machine ${primary.name}.`,
      'Let it match, with one group, what the page shows of its session alone.',
    );
  }
  if (ours === theirs) {
    throw notMovable(
      `${path} shows the same for a session of machine ${primary.name} and another of machine ${standby.name}.`,
      'Let sessions.canary.shows match what differs from session to session, such as an id or the time at which it began.',
    );
  }
  if (ours !== answer) throw notFound(primary, standby);
}

async function begin(pool: PoolConfig, machine: MachineConfig, path: string): Promise<Visit & { session: SessionHeader }> {
  const { session, ...visited } = await visit(machine, path, pool, null);
  if (session !== null) return { ...visited, session };
  const places = [...pool.sessionId.cookies, ...pool.sessionId.headers].join(', ');
  throw notMovable(
    `${path} on machine ${machine.name} sets no session id in ${places}.`,
    'Name a path in sessions.canary that begins a session, or correct sessionId.cookies or sessionId.headers.',
  );
}

function notFound(primary: MachineConfig, standby: MachineConfig): Error {
  return notMovable(
    `Machine ${standby.name} did not find the session that machine ${primary.name} has begun.`,
    'Let both use the same store with the same keys, or choose another mechanism.',
  );
}

function shownBy(pattern: string, text: string): string | null {
  return new RegExp(pattern).exec(text)?.[1] ?? null;
}

function idIn({ sessionId }: PoolConfig, { name, value }: SessionHeader): string {
  return normalisedId(name === 'cookie' ? value.slice(value.indexOf('=') + 1) : value, sessionId.routeMarker);
}
