// Any server whose sessions are in a store that both machines use: nobody can be asked, so the barrier is time. Of PHP, ASP.NET, Node,
// WebSphere and WebLogic, each with a page in docs/servers.
//
// id               whatever sessionId names: a cookie, a part of the path or a header, and the route marker of that server.
// list             not at all; what the proxies have seen is moved by name.
// hand over        nothing to do: the other machine goes on with what is in the store.
// verify           of the canary alone: a session that the primary has begun is known to the standby (shared-canary.ts).
// barrier          settleMs after the last answer of the sessions that are held, in which the server has to have saved them. A server
//                  that keeps the lock of a session until it is saved (PHP, ASP.NET) lets the other machine wait for longer by itself.
// in flight        not cross-checked: by the proxies alone, for which a request whose connection broke runs until it has timed out.
// ready            the application answers its health check; there is nothing to fetch.
// configuration    one store that outlives both machines, the same cookie, keys and time on both, nothing of a session kept in a process
//                  between its requests, and a save within settleMs of the answer.

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
