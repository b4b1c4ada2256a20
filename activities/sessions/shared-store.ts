// Any server whose sessions are in a store that both machines use: nobody can be asked, so the barrier is time.

import { setTimeout as sleep } from 'node:timers/promises';
import type { SharingServer } from './sharing-server.js';

/** `settleMs`: how long after its last answer a session is certain to be in the store. */
export function createSharedStore({ settleMs }: { settleMs: number }): SharingServer {
  const nothing = (): Promise<void> => Promise.resolve();
  const settle = async (signal: AbortSignal): Promise<void> => {
    if (settleMs > 0) await sleep(settleMs, undefined, { signal });
  };
  return {
    barrierMs: settleMs,
    inspect: nothing,
    mustShare: nothing,
    async saved(_pair, keys, { signal }) {
      await settle(signal);
      return [...keys];
    },
    async allSaved(_pair, _endsAt, { signal }) {
      await settle(signal);
      return true;
    },
    survivors: () => Promise.resolve(null),
    close: nothing,
  };
}
