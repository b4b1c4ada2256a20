// The barrier of WildFlys that are a cluster: locks on sessions. Infinispan has each session on both machines (docs/servers/wildfly.md has the measurements).
//
// A response ends before the commit, which the request's thread does afterwards; active-requests does not count that. Where the
// primary was seen without a thread at work, or each of those that were at work since without a request, and then both without a lock, all is
// saved. Where some still wait in the application the server is asked about each session, which waits for its lock. That alone would not do: of two
// requests at once, or of one that comes before the other has committed, only the first has the lock, and the last one writes without it,
// attributes first. A request on the other machine locks in the other order: both wait for 15 s, and WildFly fails every later request of the
// session on the machine that gave up. So no batch goes while a thread that was at work at first neither ends nor waits.
// Of a session that is not listed, only threads at rest tell that it is none to come.
// Needed: the cache's transaction mode BATCH: then a request has the lock of its session from its first look at it until the commit.

import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionKeyHash } from '../../../state/session-key.js';
import type { WildflyBarrier, WildflyPair } from './wildfly-barrier.js';
import type { AtWork } from './wildfly-requests.js';
import { stillAtWork } from './wildfly-requests.js';

/** The locks of 500 sessions, which is the default batch, take 0.8 s (measured); with a margin. */
export const LOCKS_MS = 3000;
/** A server that rests at all does so within a few requests; the time between an answer and its commit is 40 ms at most, but on a loaded host (measured). Chosen. */
const REST_MS = 250;
/** A question takes some 6 ms (measured). Chosen. */
const PAUSE_MS = 5;
/** The server finishes a question that nobody waits for any more, and answers no other of its kind meanwhile. Chosen. */
const LOCKS_AT_ONCE = 50;

interface Rest {
  threads: boolean;
  locks: boolean;
  saving: boolean;
}

/** `container`: of the caches, on both machines. */
export function createLockBarrier(container: string, hash: SessionKeyHash): WildflyBarrier {
  /** What has come to rest by `endsAt`: the primary's threads, and after them the locks. `saving`: whether a thread may be about to save. */
  const rest = async (pair: WildflyPair, endsAt: number, signal: AbortSignal): Promise<Rest> => {
    const { primary: ours, standby: theirs } = pair;
    let [threads, oursFree, theirsFree] = [false, false, false];
    let running: AtWork | null = null;
    for (;;) {
      const work = await ours.work(container, signal);
      threads ||= work.threads === 0;
      oursFree ||= threads && work.locks === 0;
      theirsFree ||= threads && (await theirs.work(container, signal)).locks === 0;
      if (oursFree && theirsFree) return { threads, locks: true, saving: false };
      if (!threads) {
        running = await stillAtWork(ours, running, signal);
        threads = running.size === 0;
      }
      if (performance.now() + PAUSE_MS >= endsAt) {
        return { threads, locks: false, saving: !threads && [...(running?.values() ?? [])].includes('goes on') };
      }
      await sleep(PAUSE_MS, undefined, { signal });
    }
  };
  const listed = async ({ primary, standby }: WildflyPair, signal: AbortSignal): Promise<string[]> =>
    (await Promise.all([primary, standby].map((state) => state.sessionIds(signal)))).flat();
  /** Waits for the locks of these sessions; resolves with those that it has come to by `endsAt`. */
  const unlocked = async (pair: WildflyPair, ids: readonly string[], endsAt: number, signal: AbortSignal): Promise<string[]> => {
    const free: string[] = [];
    while (free.length < ids.length && performance.now() < endsAt) {
      const some = ids.slice(free.length, free.length + LOCKS_AT_ONCE);
      if (!(await pair.primary.awaitLocks(some, endsAt - performance.now(), signal))) break;
      free.push(...some);
    }
    return free;
  };

  return {
    async saved(pair, keys, signal) {
      const endsAt = performance.now() + LOCKS_MS;
      const { threads, locks, saving } = await rest(pair, performance.now() + REST_MS, signal);
      if (locks) return [...keys];
      if (saving) return [];
      const idOf = new Map((await listed(pair, signal)).map((id) => [hash(id), id]));
      const ids = keys.flatMap((key) => idOf.get(key) ?? []);
      const free = new Set(await unlocked(pair, ids, endsAt, signal));
      return keys.filter((key) => {
        const id = idOf.get(key);
        return id === undefined ? threads : free.has(id);
      });
    },
    async allSaved(pair, endsAt, signal) {
      const halfway = (performance.now() + endsAt) / 2;
      const { threads, locks } = await rest(pair, halfway, signal);
      if (locks || !threads) return locks;
      const ids = await listed(pair, signal);
      return (await unlocked(pair, ids, endsAt, signal)).length === ids.length;
    },
  };
}
