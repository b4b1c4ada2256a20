// The mechanism of servers that share their sessions: hold, let the server pass its barrier, and go on elsewhere.

import { setTimeout as sleep } from 'node:timers/promises';
import { normalisedId } from '../../config/route-marker.js';
import type { PoolConfig } from '../../config/types.js';
import { notMovable } from '../errors.js';
import type { SessionHeader } from './canary-visit.js';
import { visit } from './canary-visit.js';
import type { MachinePair, SessionMechanism } from './mechanism.js';
import type { SharingServer } from './sharing-server.js';

/** Nothing is copied: what a batch may take on top of its budget and of the barrier. Chosen. */
const HAND_OVER_MS = 2000;

/** `canary`: a path that begins a session which both machines must know before any other moves; null goes without. */
export function createSharedSessions(pool: PoolConfig, server: SharingServer, canary: { path: string } | null): SessionMechanism {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    holds: 'keys',
    pickedUpMs: null,
    handOverMs: HAND_OVER_MS + server.barrierMs,
    async preflight(pair, _streaming, call) {
      await server.inspect(pair.primary, call);
      await server.inspect(pair.standby, call);
      await server.mustShare(pair, call);
      if (canary !== null) await sendCanary(pool, pair, canary.path, server.barrierMs, call.signal);
    },
    inspect: (machine, call) => server.inspect(machine, call),
    begin: nothing,
    prepareIdle: () => Promise.resolve({ keys: [], haveStreams: false }),
    async handOver(pair, scope, call) {
      if (scope.held === 'keys') return server.saved(pair, scope.keys, call);
      return (await server.allSaved(pair, scope.endsAt, call)) || scope.force ? [] : null;
    },
    settle: nothing,
    retract: nothing,
    remaining: () => Promise.resolve(null),
    rescue: ({ standby }, call) => server.survivors(standby, call),
    forsake: nothing,
    end: nothing,
    close: () => server.close(),
  };
}

/** A session that the primary begins has to be known to the standby once it is saved. */
async function sendCanary(
  pool: PoolConfig,
  { primary, standby }: MachinePair,
  path: string,
  barrierMs: number,
  signal: AbortSignal,
): Promise<void> {
  const session = await visit(primary, path, pool, null);
  if (session === null) {
    const places = [...pool.sessionId.cookies, ...pool.sessionId.headers].join(', ');
    throw notMovable(
      `${path} on machine ${primary.name} sets no session id in ${places}.`,
      'Name a path in sessions.canary that begins a session, or correct sessionId.cookies or sessionId.headers.',
    );
  }
  await sleep(barrierMs, undefined, { signal });
  const answer = await visit(standby, path, pool, session);
  // Servers that write their own name into an id set it again, and the session is the same.
  if (answer === null || idIn(pool, answer) === idIn(pool, session)) return;
  throw notMovable(
    `Machine ${standby.name} did not find the session that machine ${primary.name} has begun.`,
    'Let both use the same store with the same keys, or choose another mechanism.',
  );
}

function idIn({ sessionId }: PoolConfig, { name, value }: SessionHeader): string {
  return normalisedId(name === 'cookie' ? value.slice(value.indexOf('=') + 1) : value, sessionId.routeMarker);
}
