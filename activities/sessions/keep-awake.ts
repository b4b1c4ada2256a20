// Sessions that nobody uses by requests but that a WebSocket holds: Tomcat would swap them out, and what the WebSocket does to them fails.

import { setTimeout as sleep } from 'node:timers/promises';
import { isFinal } from '../../config/operator-error.js';
import { notKeptAwake } from '../errors.js';
import { nameToTomcat } from './canary-visit.js';
import type { Lane, Side } from './tomcat-lane.js';

/** Between two rounds in which each is named: several fit into the second for which a session must have rested. Chosen. */
const EVERY_MS = 250;
/** A session is named so often before it would have rested long enough to be taken. Chosen. */
const ROUNDS = 3;
const CALLS_AT_ONCE = 8;

type Sleepless = readonly (readonly [Lane, readonly string[]])[];
/** Sessions in the memory of the primary that must not rest, by context. */
export type FindSleepless = () => Promise<Sleepless>;

/**
 * Does `work` while the sessions that `find` finds are named to Tomcat again and again. A pass does not take them if it takes only
 * what has rested for `restS` seconds: one, or more where it takes its time to find and name them. Once they may have rested so long,
 * because they could not be found or named, the signal that `work` gets aborts, and this rejects with TOMCAT_UNREACHABLE; or with
 * what `work` has found that no repetition would mend.
 */
export async function keepingAwake<T>(
  find: FindSleepless,
  signal: AbortSignal,
  work: (restS: number, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const began = performance.now();
  const found = await find();
  const [failure] = await nameAll(found, signal);
  if (failure !== undefined) throw failure;
  // Also where there is none yet: one that begins meanwhile has to be found in time.
  const restS = Math.ceil((ROUNDS * (performance.now() - began + EVERY_MS)) / 1000);
  const watch = new Watch(restS, began);
  const over = new AbortController();
  const naming = nameUntil(found, find, watch, AbortSignal.any([signal, over.signal])).catch(() => undefined);
  try {
    const done = await work(restS, AbortSignal.any([signal, watch.signal]));
    watch.signal.throwIfAborted();
    return done;
  } catch (error) {
    throw watch.signal.aborted && !signal.aborted && !isFinal(error) ? watch.signal.reason : error;
  } finally {
    over.abort();
    await naming;
    watch.end();
  }
}

/** Aborts a round before the last one that has found and named all began `restS` seconds ago: what a pass is about to take must still be awake. */
class Watch {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  /** Why the last round did not name all. */
  failure: unknown = null;

  constructor(
    private readonly restS: number,
    began: number,
  ) {
    this.goOn(began);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  goOn(began: number): void {
    this.failure = null;
    clearTimeout(this.timer);
    const leftMs = began + this.restS * 1000 - EVERY_MS - performance.now();
    this.timer = setTimeout(() => this.controller.abort(notKeptAwake(this.restS, this.failure)), leftMs);
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

async function nameUntil(found: Sleepless, find: FindSleepless, watch: Watch, over: AbortSignal): Promise<void> {
  let known = found;
  while (!over.aborted) {
    await sleep(EVERY_MS, undefined, { signal: over });
    const began = performance.now();
    const failures: unknown[] = [];
    // Who cannot be asked anew is likely to have what it had.
    known = await find().catch((error: unknown) => {
      failures.push(error);
      return known;
    });
    failures.push(...(await nameAll(known, over)));
    if (failures.length === 0) watch.goOn(began);
    else watch.failure = failures[0];
  }
}

/** Names all unless it is `over`, also where some of them fail. Resolves with what has kept these from being named. */
async function nameAll(found: Sleepless, over: AbortSignal): Promise<Error[]> {
  const all = found.flatMap(([{ from }, ids]) => ids.map((id): [Side, string] => [from, id]));
  const failures: Error[] = [];
  for (let at = 0; at < all.length; at += CALLS_AT_ONCE) {
    over.throwIfAborted();
    const named = await Promise.allSettled(all.slice(at, at + CALLS_AT_ONCE).map(([side, id]) => nameToTomcat(side, id)));
    for (const one of named) if (one.status === 'rejected') failures.push(one.reason as Error);
  }
  return failures;
}
