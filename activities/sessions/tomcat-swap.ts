// Tomcat by its own PersistentManager: swapped out of one, found in its store by the other. docs/servers/tomcat.md has the measurements.

import type { PoolConfig, TomcatSwapConfig } from '../../config/types.js';
import type { SessionKeyHash } from '../../state/session-key.js';
import { JmxProxy } from './jmx-proxy.js';
import type { HandOverScope, MachinePair, SessionMechanism } from './mechanism.js';
import { SessionFiles } from './session-files.js';
import { sendCanary } from './tomcat-canary.js';
import type { Side } from './tomcat-canary.js';
import type { Pass } from './tomcat-manager.js';
import { TomcatManager } from './tomcat-manager.js';

/** Files are linked in parallel up to this many. Chosen: the kernel's directory lock is the limit. */
const LINKS_AT_ONCE = 32;

interface Lane {
  from: Side;
  to: Side;
}

export function createTomcatSwap(pool: PoolConfig, config: TomcatSwapConfig, hash: SessionKeyHash): SessionMechanism {
  const proxies = new Map(pool.machines.map((machine) => [machine.name, new JmxProxy(machine, config.manager)]));
  /** Ids by key, of the sessions that are being handed over. */
  const ids = new Map<string, { id: string; lane: Lane }>();

  const side = (machine: MachinePair['primary'], context: string): Side => ({
    machine,
    manager: new TomcatManager(proxies.get(machine.name) as JmxProxy, context),
    files: new SessionFiles(machine, context),
  });
  const lanes = ({ primary, standby }: MachinePair): Lane[] =>
    config.contexts.map((context) => ({ from: side(primary, context), to: side(standby, context) }));

  /** Keys of sessions that are in the primary's store and not in its memory, which makes their files current. */
  const swappedOut = async (lane: Lane, signal: AbortSignal): Promise<string[]> => {
    const files = await lane.from.files.ids();
    const inMemory = new Set(await lane.from.manager.sessionIds(signal));
    return files.filter((id) => !inMemory.has(id)).map((id) => keyOf(id, lane));
  };
  const keyOf = (id: string, lane: Lane): string => {
    const key = hash(id.split('.', 1)[0] ?? id);
    ids.set(key, { id, lane });
    return key;
  };
  const eachFile = async (
    keys: readonly string[],
    work: (id: string, lane: Lane) => Promise<boolean | void>,
  ): Promise<string[]> => {
    const done: string[] = [];
    for (let at = 0; at < keys.length; at += LINKS_AT_ONCE) {
      await Promise.all(
        keys.slice(at, at + LINKS_AT_ONCE).map(async (key) => {
          const found = ids.get(key);
          if (found && (await work(found.id, found.lane)) !== false) done.push(key);
        }),
      );
    }
    return done;
  };

  return {
    holds: 'all',

    async preflight(pair, { signal }) {
      for (const { from, to } of lanes(pair)) {
        await from.manager.mustBePersistent(signal);
        await to.manager.mustBePersistent(signal);
        await from.files.mustReach(to.files);
      }
      const [lane] = lanes(pair);
      if (config.canary === null || !lane) return;
      try {
        await lane.from.manager.begin(signal);
        await sendCanary(config.canary, pool, lane.from, lane.to, signal);
      } finally {
        await lane.from.manager.end(signal);
      }
    },

    async begin(pair, ownedByStandby, { signal, guard }) {
      for (const lane of lanes(pair)) {
        await guard();
        await lane.from.manager.begin(signal);
        for (const id of await lane.to.files.ids()) if (!ownedByStandby.has(keyOf(id, lane))) await lane.to.files.remove(id);
        for (const id of await lane.from.files.ids()) if (ownedByStandby.has(keyOf(id, lane))) await lane.from.files.remove(id);
      }
    },

    async prepareIdle(pair, { signal, guard }) {
      const keys: string[] = [];
      for (const lane of lanes(pair)) {
        await guard();
        await lane.from.manager.swapOut({ idleS: 1 }, signal);
        keys.push(...(await swappedOut(lane, signal)));
      }
      return keys;
    },

    async handOver(pair, scope, { signal, guard }) {
      const keys: string[] = [];
      for (const lane of lanes(pair)) {
        await guard();
        if (scope.held === 'all') await swapOutHeld(lane.from.manager, scope, signal);
        keys.push(...(await swappedOut(lane, signal)));
      }
      const wanted = scope.held === 'keys' ? new Set(scope.keys) : null;
      const movable = keys.filter((key) => (wanted === null ? !(scope.held === 'all' && scope.busy.has(key)) : wanted.has(key)));
      return eachFile(movable, (id, { from, to }) => from.files.giveTo(to.files, id));
    },

    async settle(_pair, keys) {
      await eachFile(keys, (id, { from }) => from.files.remove(id));
      for (const key of keys) ids.delete(key);
    },

    async retract(_pair, keys) {
      await eachFile(keys, (id, { to }) => to.files.remove(id));
    },

    async remaining(pair, { signal }) {
      let count = 0;
      for (const lane of lanes(pair)) {
        count += (await lane.from.manager.sessionIds(signal)).length + (await swappedOut(lane, signal)).length;
      }
      return count;
    },

    async end(pair, { signal, guard }) {
      for (const { from, to } of lanes(pair)) {
        await guard();
        await from.manager.end(signal);
        await to.manager.end(signal);
      }
      ids.clear();
    },
  };
}

/** Everything bound for this Tomcat is held. Loading many sessions at once is slow on the other side, so at most about `limit` leave. */
async function swapOutHeld(manager: TomcatManager, scope: HandOverScope & { held: 'all' }, signal: AbortSignal): Promise<void> {
  const inMemory = (await manager.sessionIds(signal)).length;
  if (inMemory > 0) await manager.swapOut(passFor(inMemory, scope.limit), signal);
}

/** Tomcat swaps out what exceeds 90 % of the maximum, and refuses new sessions at the maximum: it has to stay above the live count. */
export function passFor(inMemory: number, limit: number): Pass {
  if (inMemory <= limit) return { idleS: 0 };
  return { maxActive: Math.max(Math.floor((inMemory - limit) / 0.9), inMemory + 2) };
}
