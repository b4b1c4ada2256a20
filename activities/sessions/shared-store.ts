// Sessions in a store that both machines use: nothing to copy, the hold is the point.

import { setTimeout as sleep } from 'node:timers/promises';
import type { SharedStoreConfig } from '../../config/types.js';
import type { SessionMechanism } from './mechanism.js';

export function createSharedStore({ settleMs }: SharedStoreConfig): SessionMechanism {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    holds: 'keys',
    pickedUpMs: null,
    preflight: nothing,
    begin: nothing,
    prepareIdle: () => Promise.resolve([]),
    async handOver(_pair, scope, { signal }) {
      // Servers end a response before the session is saved: quiet at the proxy is not yet saved.
      if (settleMs > 0) await sleep(settleMs, undefined, { signal });
      return scope.held === 'keys' ? [...scope.keys] : [];
    },
    settle: nothing,
    retract: nothing,
    remaining: () => Promise.resolve(null),
    end: nothing,
    close: nothing,
  };
}
