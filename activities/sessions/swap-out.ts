// How sessions leave the memory of a Tomcat for its store, by what its store does when a write fails.

import type { SessionRows } from './session-rows.js';
import type { Pass } from './tomcat-manager.js';
import type { Side } from './tomcat-lane.js';

export interface SwapOut {
  /** While requests flow: sessions that rest. */
  idle(signal: AbortSignal): Promise<void>;
  /** While everything bound for this Tomcat is held: about `limit` sessions, for the other one loads them all at once. */
  held(limit: number, signal: AbortSignal): Promise<void>;
}

/** FileStore keeps the session when its write fails (measured). */
export function swapOutDirectly({ manager }: Side): SwapOut {
  return {
    // At one second a request that is just being picked up is never met (measured).
    idle: (signal) => manager.swapOut({ idleS: 1 }, signal),
    async held(limit, signal) {
      const inMemory = (await manager.sessionIds(signal)).length;
      if (inMemory > 0) await manager.swapOut(passFor(inMemory, limit), signal);
    },
  };
}

/** A backup takes sessions that rest at least so long: a pass does not wait for a session that is being changed. */
const BACKUP_IDLE_S = 1;
/** HTTP's Date has whole seconds, and Tomcat renews it once a second. */
const CLOCK_SLACK_S = 2;
/** Time for the pass itself beyond what the backup took; it is stopped a little earlier. Chosen. */
const PASS_S = 3;
const PASS_LIMIT_MS = 2500;

/**
 * DataSourceStore loses a session whose INSERT fails, and JMX says that all went well (measured). So a session leaves memory only when
 * a backup of its present state has been seen in the store: should the write then fail, its row is still there.
 */
export function swapOutBackedUp({ manager, store }: Side<SessionRows>): SwapOut {
  return {
    async idle(signal) {
      const began = performance.now();
      const beganS = Math.floor((await manager.clockMs(signal)) / 1000);
      await manager.backUp(BACKUP_IDLE_S, signal);
      const resting = (lastAccessedMs: number): boolean => lastAccessedMs <= (beganS - BACKUP_IDLE_S) * 1000;
      if (await isAnyStale(await manager.sessionIds(signal), resting, signal)) return;
      // Who has rested for longer than since the backup began is as its row says, so only those may go, and only until then.
      const elapsedS = Math.ceil((performance.now() - began) / 1000);
      const idleS = elapsedS + PASS_S + CLOCK_SLACK_S + BACKUP_IDLE_S;
      await manager.swapOut({ idleS }, signal, PASS_LIMIT_MS);
      // What rests less is backed up now, so that the next hold has less to write.
      await manager.backUp(0, signal).catch(() => signal.throwIfAborted());
    },
    async held(limit, signal) {
      await manager.backUp(0, signal);
      const ids = await manager.sessionIds(signal);
      if (ids.length === 0) return;
      const pass = passFor(ids.length, limit);
      // Tomcat walks its sessions in the order in which it lists them, and nobody makes new ones now.
      const first = 'idleS' in pass ? ids : ids.slice(0, ids.length - Math.floor(pass.maxActive * ACTIVE_SHARE));
      if (await isAnyStale(first, () => true, signal)) return;
      await manager.swapOut(pass, signal);
    },
  };

  /** Whether the store is behind memory for any of these sessions that `counts` by its last access. */
  async function isAnyStale(
    ids: readonly string[],
    counts: (lastAccessedMs: number) => boolean,
    signal: AbortSignal,
  ): Promise<boolean> {
    const rows = await store.lastAccessed();
    const times = await manager.lastAccessedMs(ids, signal);
    return [...times].some(([id, at]) => counts(at) && rows.get(id) !== at);
  }
}

/** PersistentManagerBase.processMaxActiveSwaps */
const ACTIVE_SHARE = 0.9;

/** Tomcat swaps out what exceeds 90 % of the maximum, and refuses new sessions at the maximum: it has to stay above the live count. */
export function passFor(inMemory: number, limit: number): Pass {
  if (inMemory <= limit) return { idleS: 0 };
  return { maxActive: Math.max(Math.floor((inMemory - limit) / ACTIVE_SHARE), inMemory + 2) };
}
