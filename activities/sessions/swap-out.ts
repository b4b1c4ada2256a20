// How sessions leave the memory of a Tomcat for its store, by what its store does when a write fails.

import { nameToTomcat, NAMED_AT_ONCE } from './canary-visit.js';
import type { SessionRows } from './session-rows.js';
import type { Side, SwapOut } from './tomcat-lane.js';
import type { Pass } from './tomcat-manager.js';

/** FileStore keeps the session when its write fails (measured). */
export function swapOutDirectly(side: Side): SwapOut {
  const { manager } = side;
  return {
    // From one second on a request that is just being picked up is never met (measured).
    idle: (call, idleS) => manager.swapOut({ idleS }, call),
    held: (ids, { limit, endsAt }, call) => manager.swapOut(passFor(ids.length, limit), call, endsAt - performance.now()),
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
export function swapOutBackedUp(side: Side<SessionRows>): SwapOut {
  const { manager, store } = side;
  return {
    async idle(call, restS) {
      const { signal, guard } = call;
      const began = performance.now();
      const beganS = Math.floor((await manager.clockMs(signal)) / 1000);
      await guard();
      await manager.backUp(BACKUP_IDLE_S, signal);
      const resting = (lastAccessedMs: number): boolean => lastAccessedMs <= (beganS - BACKUP_IDLE_S) * 1000;
      if (await touchStale(await manager.sessionIds(signal), resting, signal)) return;
      // Who has rested for longer than since the backup began is as its row says, so only those may go, and only until then.
      const elapsedS = Math.ceil((performance.now() - began) / 1000);
      const idleS = elapsedS + PASS_S + CLOCK_SLACK_S + BACKUP_IDLE_S;
      await manager.swapOut({ idleS: Math.max(idleS, restS) }, call, PASS_LIMIT_MS);
      // What rests less is backed up now, so that the next hold has less to write.
      await manager.backUp(0, signal).catch(() => signal.throwIfAborted());
    },
    async held(ids, { limit, endsAt, force }, call) {
      await call.guard();
      await manager.backUp(0, call.signal);
      const pass = passFor(ids.length, limit);
      // Tomcat walks its sessions in the order in which it lists them, and nobody makes new ones now.
      const first = 'idleS' in pass ? ids : ids.slice(0, ids.length - Math.floor(pass.maxActive * ACTIVE_SHARE));
      if (!force && (await touchStale(first, () => true, call.signal))) return;
      await manager.swapOut(pass, call, endsAt - performance.now());
    },
  };

  /**
   * Whether the store is behind memory for any of these sessions that `counts` by its last access. Tomcat backs a session up once for
   * each access, even when that has failed: so it is named to Tomcat, and the next backup writes it again.
   */
  async function touchStale(
    ids: readonly string[],
    counts: (lastAccessedMs: number) => boolean,
    signal: AbortSignal,
  ): Promise<boolean> {
    const rows = await store.lastAccessed();
    const times = await manager.lastAccessedMs(ids, signal);
    const stale = [...times].filter(([id, at]) => counts(at) && rows.get(id) !== at).map(([id]) => id);
    for (const id of stale.slice(0, NAMED_AT_ONCE)) await nameToTomcat(side, id);
    return stale.length > 0;
  }
}

/** PersistentManagerBase.processMaxActiveSwaps */
const ACTIVE_SHARE = 0.9;

/** Tomcat swaps out what exceeds 90 % of the maximum, and refuses new sessions at the maximum: it has to stay above the live count. */
export function passFor(inMemory: number, limit: number): Pass {
  const maxActive = Math.max(Math.floor((inMemory - limit) / ACTIVE_SHARE), inMemory + 2);
  // Of a few, a maximum above them would swap none.
  if (inMemory <= limit || Math.floor(maxActive * ACTIVE_SHARE) >= inMemory) return { idleS: 0 };
  return { maxActive };
}
