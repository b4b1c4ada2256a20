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

/** Which of the primary's answers to a session tells that it renews ids always: WebSphere counts an id up once. */
const RENEWS_BY = 2;
/** What a page shows in fewer characters is part of an id by chance. Chosen. */
const LEAST_OF_ID = 8;

/** Refuses, with what to change, where it is not known to the standby `barrierMs` later, or the machines name sessions differently. */
export async function sendCanary(
  pool: PoolConfig,
  { primary, standby }: MachinePair,
  { path, shows, form }: SharedCanary,
  barrierMs: number,
  signal: AbortSignal,
): Promise<void> {
  const begun = await begin(pool, primary, path);
  const theirs = await begin(pool, standby, path);
  mustBeginAlike(pool, primary, begun, standby, theirs);
  await sleep(barrierMs, undefined, { signal });
  const ours = shows === undefined ? { ...begun, renews: false } : await goOn(pool, primary, path, begun);
  // What names it by now may have to be saved as well.
  if (isAnother(pool, ours.session, begun.session)) await sleep(barrierMs, undefined, { signal });
  const answer = await visit(standby, path, pool, ours.session);
  const isRenamed = isAnother(pool, answer.session, ours.session);
  if (shows === null || shows === undefined) {
    if (ours.renews) throw alwaysRenamed(primary, standby);
    // Servers that write their own name into an id set it again, and the session is the same.
    if (isRenamed) throw notFound(primary, standby);
    if (shows === null) await mustNotTakeUpAny(pool, standby, path, ours.session);
  } else {
    const shown = [ours, answer, theirs].map(({ text }) => shownBy(shows, text));
    mustShowOne(shown, path, primary, standby, idIn(pool, ours.session));
    if (isRenamed && !ours.renews) throw renamed(primary, standby);
  }
  if (form !== null && form !== undefined) await mustTakeForms({ primary, standby }, form);
}

/** Uses a session that the machine has begun, by what its answers name it; `renews` where each of them names it anew. */
async function goOn(
  pool: PoolConfig,
  machine: MachineConfig,
  path: string,
  { session: first }: BegunSession,
): Promise<BegunSession & { renews: boolean }> {
  let session = first;
  for (let visits = 1; ; visits++) {
    const answer = await visit(machine, path, pool, session);
    const last = { ...answer, session: answer.session ?? session };
    const renews = isAnother(pool, last.session, session);
    if (!renews || visits === RENEWS_BY) return { ...last, renews };
    ({ session } = last);
  }
}

/** One that nobody has given. Of ids that are signed it proves nothing: a signature is refused before anything is looked for. */
async function mustNotTakeUpAny(pool: PoolConfig, standby: MachineConfig, path: string, session: SessionHeader): Promise<void> {
  const id = idIn(pool, session);
  const madeUp = { ...session, value: session.value.replace(id, [...id].reverse().join('')) };
  const { statusCode, headers } = await ask(standby, path, madeUp);
  if (statusCode >= 400 || isAnother(pool, sessionSetBy(headers, pool.sessionId), madeUp)) return;
  throw notMovable(
    `Machine ${standby.name} takes up any session id, so that nothing tells whether it has found a session or begun another.`,
    'Set sessions.canary.shows to what the page shows of its session alone, or let the server refuse ids that it has not given, as by session.use_strict_mode of PHP.',
  );
}

/** The stronger proof: a server may take up an id that it does not know, or name a session anew with each answer. */
function mustShowOne(
  [ours, answer, theirs]: (string | null)[],
  path: string,
  primary: MachineConfig,
  standby: MachineConfig,
  id: string,
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
      'Let sessions.canary.shows match what differs from session to session, such as the time at which it began.',
    );
  }
  // Who takes up an id that it does not know shows that id as well.
  if (ours.length >= LEAST_OF_ID && id.includes(ours)) {
    throw notMovable(
      `What sessions.canary.shows finds in ${path} is the session's id, or a part of it, which proves no session.`,
      'Let it match what is kept in the session itself, such as the time at which it began.',
    );
  }
  if (ours !== answer) throw notFound(primary, standby);
}

type BegunSession = Visit & { session: SessionHeader };

async function begin(pool: PoolConfig, machine: MachineConfig, path: string): Promise<BegunSession> {
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

function alwaysRenamed(primary: MachineConfig, standby: MachineConfig): Error {
  return notMovable(
    `Machine ${primary.name} gives a session another id with each answer, so that nothing tells whether machine ${standby.name} has found it.`,
    'Set sessions.canary.shows to what the page shows of its session alone.',
  );
}

function renamed(primary: MachineConfig, standby: MachineConfig): Error {
  return notMovable(
    `Machine ${standby.name} found the session of machine ${primary.name}, and gave it another id.`,
    'Correct sessionId.routeMarker: it says what of an id names a machine, and nothing else of an id may change with the machine.',
  );
}

function shownBy(pattern: string, text: string): string | null {
  return new RegExp(pattern).exec(text)?.[1] ?? null;
}

/** Whether what names a session, if anything, names another one. */
function isAnother(pool: PoolConfig, given: SessionHeader | null, session: SessionHeader): boolean {
  return given !== null && idIn(pool, given) !== idIn(pool, session);
}

function idIn({ sessionId }: PoolConfig, { name, value }: SessionHeader): string {
  return normalisedId(name === 'cookie' ? value.slice(value.indexOf('=') + 1) : value, sessionId.routeMarker);
}
