// Sessions in a store that both machines use: nothing to copy, the hold is the point.

import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolConfig, SharedStoreConfig } from '../../config/types.js';
import { visit } from './canary-visit.js';
import type { SessionMechanism } from './mechanism.js';
import { notMovable } from '../errors.js';

/** Nothing is copied: what a batch may take on top of its budget and of settling. Chosen. */
const HAND_OVER_MS = 2000;

export function createSharedStore(pool: PoolConfig, { settleMs, canary }: SharedStoreConfig): SessionMechanism {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    holds: 'keys',
    pickedUpMs: null,
    handOverMs: HAND_OVER_MS + settleMs,
    async preflight({ primary, standby }, _streaming, { signal }) {
      if (canary === null) return;
      const cookie = await visit(primary, canary.path, pool, null);
      if (cookie === null) {
        throw notMovable(
          `${canary.path} on machine ${primary.name} sets none of the cookies ${pool.sessionId.cookies.join(', ')}.`,
          'Name a path in sessions.canary that begins a session, or correct sessionId.cookies.',
        );
      }
      await sleep(settleMs, undefined, { signal });
      if ((await visit(standby, canary.path, pool, cookie)) === null) return;
      throw notMovable(
        `Machine ${standby.name} did not find the session that machine ${primary.name} has begun.`,
        'Let both use the same store with the same keys, or choose another mechanism.',
      );
    },
    inspect: nothing,
    begin: nothing,
    prepareIdle: () => Promise.resolve({ keys: [], haveStreams: false }),
    async handOver(_pair, scope, { signal }) {
      // Servers end a response before the session is saved: quiet at the proxy is not yet saved.
      if (settleMs > 0) await sleep(settleMs, undefined, { signal });
      return scope.held === 'keys' ? [...scope.keys] : [];
    },
    settle: nothing,
    retract: nothing,
    remaining: () => Promise.resolve(null),
    rescue: () => Promise.resolve(null),
    forsake: nothing,
    end: nothing,
    close: nothing,
  };
}
