// The barrier of WildFlys whose sessions are in a remote store: threads that execute requests (docs/servers/wildfly-remote.md has the measurements).
//
// A response ends before its session is saved, which the request's thread does afterwards. Nothing locks a session in the store, and WildFly
// lists none that is there. But one look at all threads tells which of them execute requests, those that were answered included: once each of
// these was seen without one, whatever had been answered at the first look is saved (a grace period, as of RCU).

import { setTimeout as sleep } from 'node:timers/promises';
import type { WildflyBarrier } from './wildfly-barrier.js';
import { stillAtWork } from './wildfly-requests.js';
import type { WildflyState } from './wildfly-state.js';

/** How long named sessions wait for requests of others to end; they come again with the next batch. Chosen. */
const GRACE_MS = 250;
/** A look takes some 15 ms (measured). Chosen. */
const PAUSE_MS = 5;

export function createThreadBarrier(): WildflyBarrier {
  return {
    async saved({ primary }, keys, signal) {
      return (await haveEnded(primary, performance.now() + GRACE_MS, signal)) ? [...keys] : [];
    },
    allSaved: ({ primary }, endsAt, signal) => haveEnded(primary, endsAt, signal),
  };
}

/** Whether every request that is executed now has ended by `endsAt`. */
async function haveEnded(machine: WildflyState, endsAt: number, signal: AbortSignal): Promise<boolean> {
  let running = await stillAtWork(machine, null, signal);
  while (running.size > 0 && performance.now() + PAUSE_MS < endsAt) {
    await sleep(PAUSE_MS, undefined, { signal });
    running = await stillAtWork(machine, running, signal);
  }
  return running.size === 0;
}
