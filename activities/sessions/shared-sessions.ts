// The mechanism of servers that share their sessions: hold, let the server pass its barrier, and go on elsewhere.

import type { PoolConfig } from '../../config/types.js';
import type { SessionMechanism } from './mechanism.js';
import { mustHaveOneTime } from './one-time.js';
import type { SharedCanary } from './shared-canary.js';
import { sendCanary } from './shared-canary.js';
import type { SharingServer } from './sharing-server.js';

/** Nothing is copied: what a batch may take on top of its budget and of the barrier. Chosen. */
const HAND_OVER_MS = 2000;

/** `canary`: a session which both machines must know before any other moves; null goes without. */
export function createSharedSessions(pool: PoolConfig, server: SharingServer, canary: SharedCanary | null): SessionMechanism {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    holds: 'keys',
    pickedUpMs: null,
    handOverMs: HAND_OVER_MS + server.barrierMs,
    async preflight(pair, _streaming, call) {
      await server.inspect(pair.primary, call);
      await server.inspect(pair.standby, call);
      await server.mustShare(pair, call);
      await mustHaveOneTime(pool, pair, call.signal);
      if (canary !== null) await sendCanary(pool, pair, canary, server.barrierMs, call.signal);
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
