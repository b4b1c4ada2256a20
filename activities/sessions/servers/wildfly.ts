// WildFly and JBoss EAP, whose machines are a cluster: Infinispan has each session on both (docs/servers/wildfly.md has the measurements).
//
// Ids: JSESSIONID, bare with affinity=none, else `ID.node`, of which the node is no part. Listed by `list-sessions` of both nodes.
// Hand-over: nothing; what is committed is on both. Needed: the profile standalone-ha, a distributable application, a cluster of both, and
// the cache's transaction mode BATCH: then a request has the lock of its session from its first look at it until the commit.
// Barrier: a response ends before the commit, which the request's thread does afterwards; active-requests does not count that. Where the
// primary was seen without a thread at work, and then both without a lock, all is saved. A server that never rests is asked
// about each session, which waits for its lock. Of two requests at once only the first has it, and the last one commits, maybe later: by
// then its thread has had REST_MS for it. Of a session that is not listed, only threads at rest tell that it is none to come.
// In flight: the same threads, whatever clients and proxies have seen. Ready: a node registers an application's context once it has
// fetched its cache, so the pool's health check tells; both nodes then have as many entries.

import { setTimeout as sleep } from 'node:timers/promises';
import type { MachineConfig, PoolConfig, WildflyConfig } from '../../../config/types.js';
import type { SessionKeyHash } from '../../../state/session-key.js';
import type { MachinePair } from '../mechanism.js';
import type { SharingServer } from '../sharing-server.js';
import { mustShareCache } from './wildfly-cluster.js';
import { WildflyManagement } from './wildfly-management.js';
import { WildflyState } from './wildfly-state.js';

/** The locks of 500 sessions, which is the default batch, take 0.8 s (measured); with a margin. */
const BARRIER_MS = 3000;
/** A server that rests at all does so within a few requests; the time between an answer and its commit is 40 ms at most (measured). Chosen. */
const REST_MS = 250;
/** A question takes some 6 ms (measured). Chosen. */
const PAUSE_MS = 5;
/** The server finishes a question that nobody waits for any more, and answers no other of its kind meanwhile. Chosen. */
const LOCKS_AT_ONCE = 50;

export function createWildfly(pool: PoolConfig, config: WildflyConfig, hash: SessionKeyHash): SharingServer {
  const states = new Map(
    pool.machines.map((machine) => [
      machine.name,
      new WildflyState(new WildflyManagement(machine, config.management), config.deployment),
    ]),
  );
  const of = ({ name }: MachineConfig): WildflyState => states.get(name) as WildflyState;
  const both = ({ primary, standby }: MachinePair): WildflyState[] => [of(primary), of(standby)];
  /** Of both machines. */
  let container: string | null = null;

  /** What has come to rest by `endsAt`: the primary's threads, and after them the locks. */
  const rest = async (pair: MachinePair, endsAt: number, signal: AbortSignal): Promise<{ threads: boolean; locks: boolean }> => {
    const cache = (container ??= await of(pair.primary).container(signal));
    const [ours, theirs] = [of(pair.primary), of(pair.standby)];
    let [threads, oursFree, theirsFree] = [false, false, false];
    for (;;) {
      const work = await ours.work(cache, signal);
      threads ||= work.threads === 0;
      oursFree ||= threads && work.locks === 0;
      theirsFree ||= threads && (await theirs.work(cache, signal)).locks === 0;
      if (oursFree && theirsFree) return { threads, locks: true };
      if (performance.now() + PAUSE_MS >= endsAt) return { threads, locks: false };
      await sleep(PAUSE_MS, undefined, { signal });
    }
  };
  const listed = async (pair: MachinePair, signal: AbortSignal): Promise<string[]> =>
    (await Promise.all(both(pair).map((state) => state.sessionIds(signal)))).flat();
  /** Waits for the locks of these sessions; resolves with those that it has come to by `endsAt`. */
  const unlocked = async (pair: MachinePair, ids: readonly string[], endsAt: number, signal: AbortSignal): Promise<string[]> => {
    const free: string[] = [];
    while (free.length < ids.length && performance.now() < endsAt) {
      const some = ids.slice(free.length, free.length + LOCKS_AT_ONCE);
      if (!(await of(pair.primary).awaitLocks(some, endsAt - performance.now(), signal))) break;
      free.push(...some);
    }
    return free;
  };

  return {
    barrierMs: BARRIER_MS,
    async inspect(machine, { signal }) {
      await of(machine).container(signal);
    },
    async mustShare(pair, call) {
      container = await mustShareCache(of(pair.primary), of(pair.standby), call);
    },
    async saved(pair, keys, { signal }) {
      const endsAt = performance.now() + BARRIER_MS;
      const { threads, locks } = await rest(pair, performance.now() + REST_MS, signal);
      if (locks) return [...keys];
      const idOf = new Map((await listed(pair, signal)).map((id) => [hash(id), id]));
      const ids = keys.flatMap((key) => idOf.get(key) ?? []);
      const free = new Set(await unlocked(pair, ids, endsAt, signal));
      return keys.filter((key) => {
        const id = idOf.get(key);
        return id === undefined ? threads : free.has(id);
      });
    },
    async allSaved(pair, endsAt, { signal }) {
      const halfway = (performance.now() + endsAt) / 2;
      const { threads, locks } = await rest(pair, halfway, signal);
      if (locks || !threads) return locks;
      const ids = await listed(pair, signal);
      return (await unlocked(pair, ids, endsAt, signal)).length === ids.length;
    },
    async survivors(standby, { signal }) {
      const state = of(standby);
      return state.entries(await state.container(signal), signal);
    },
    async close() {
      await Promise.all([...states.values()].map((state) => state.close()));
    },
  };
}
