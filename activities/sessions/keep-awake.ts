// Sessions that nobody uses by requests but that a WebSocket holds: Tomcat would swap them out, and what the WebSocket does to them fails.

import { setTimeout as sleep } from 'node:timers/promises';
import { nameToTomcat } from './canary-visit.js';
import type { Lane, Side } from './tomcat-lane.js';

/** Between two rounds in which each is named: several fit into the second for which a session must have rested. Chosen. */
const EVERY_MS = 250;
/** A session is named so often before it would have rested long enough to be taken. Chosen. */
const ROUNDS = 3;
const CALLS_AT_ONCE = 8;

/** Sessions in the memory of the primary that must not rest, by context. */
export type FindSleepless = () => Promise<[Lane, string[]][]>;

/**
 * Does `work` while the sessions that `find` finds are named to Tomcat again and again. A pass does not take them if it takes only
 * what has rested for `restS` seconds: one, or more where there are so many that naming them takes its time.
 */
export async function keepingAwake<T>(find: FindSleepless, signal: AbortSignal, work: (restS: number) => Promise<T>): Promise<T> {
  const began = performance.now();
  const found = await find();
  await nameAll(found);
  const restS = found.length === 0 ? 1 : Math.ceil((ROUNDS * (performance.now() - began + EVERY_MS)) / 1000);
  const over = new AbortController();
  const naming = nameUntil(find, AbortSignal.any([signal, over.signal])).catch(() => undefined);
  try {
    return await work(restS);
  } finally {
    over.abort();
    await naming;
  }
}

async function nameUntil(find: FindSleepless, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await sleep(EVERY_MS, undefined, { signal: over });
    await find()
      .then(nameAll)
      .catch(() => undefined);
  }
}

async function nameAll(found: readonly (readonly [Lane, readonly string[]])[]): Promise<void> {
  const all = found.flatMap(([{ from }, ids]) => ids.map((id): [Side, string] => [from, id]));
  for (let at = 0; at < all.length; at += CALLS_AT_ONCE)
    await Promise.all(all.slice(at, at + CALLS_AT_ONCE).map(([side, id]) => nameToTomcat(side, id)));
}
