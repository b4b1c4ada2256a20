// How sessions leave the memory of a Tomcat for its store, by what its store does when a write fails.

import { askInPassing } from './canary-visit.js';
import type { SessionRows } from './session-rows.js';
import type { Pass } from './tomcat-manager.js';
import { notMovable } from '../errors.js';
import type { Side, SwapOut } from './tomcat-lane.js';

/** FileStore keeps the session when its write fails (measured). */
export function swapOutDirectly(side: Side): SwapOut {
  const { manager } = side;
  return {
    // At one second a request that is just being picked up is never met (measured).
    idle: (call) => leavingForStore(side, call.signal, () => manager.swapOut({ idleS: 1 }, call)),
    held: ({ limit, endsAt }, call) =>
      leavingForStore(side, call.signal, async (inMemory) => {
        if (inMemory.length > 0) await manager.swapOut(passFor(inMemory.length, limit), call, endsAt - performance.now());
      }),
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
    idle: (call) =>
      leavingForStore(side, call.signal, async () => {
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
        await manager.swapOut({ idleS }, call, PASS_LIMIT_MS);
        // What rests less is backed up now, so that the next hold has less to write.
        await manager.backUp(0, signal).catch(() => signal.throwIfAborted());
      }),
    held: ({ limit, endsAt, force }, call) =>
      leavingForStore(side, call.signal, async (ids) => {
        if (ids.length === 0) return;
        await call.guard();
        await manager.backUp(0, call.signal);
        const pass = passFor(ids.length, limit);
        // Tomcat walks its sessions in the order in which it lists them, and nobody makes new ones now.
        const first = 'idleS' in pass ? ids : ids.slice(0, ids.length - Math.floor(pass.maxActive * ACTIVE_SHARE));
        if (!force && (await touchStale(first, () => true, call.signal))) return;
        await manager.swapOut(pass, call, endsAt - performance.now());
      }),
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
    for (const id of stale.slice(0, ASKED_FOR)) await nameToTomcat(side, id);
    return stale.length > 0;
  }
}

/** PersistentManagerBase.processMaxActiveSwaps */
const ACTIVE_SHARE = 0.9;

/** Tomcat swaps out what exceeds 90 % of the maximum, and refuses new sessions at the maximum: it has to stay above the live count. */
export function passFor(inMemory: number, limit: number): Pass {
  if (inMemory <= limit) return { idleS: 0 };
  return { maxActive: Math.max(Math.floor((inMemory - limit) / ACTIVE_SHARE), inMemory + 2) };
}

/** How many sessions are named to Tomcat at once: of those that are nowhere one says it all, the rest of the stale come next time. Chosen. */
const ASKED_FOR = 5;

/**
 * Runs a pass and looks whether what has left memory is in the store as we see it. Where nothing of it is, it has ended meanwhile; or
 * Tomcat keeps its sessions somewhere else, and to go on would be to lose them all.
 */
async function leavingForStore(side: Side, signal: AbortSignal, pass: (inMemory: string[]) => Promise<void>): Promise<void> {
  const { machine, manager, store } = side;
  const before = await manager.sessionIds(signal);
  await pass(before);
  const [inMemory, inStore] = await Promise.all([manager.sessionIds(signal), store.ids()]);
  const [after, stored] = [new Set(inMemory), new Set(inStore)];
  const gone = before.filter((id) => !after.has(id));
  if (gone.length === 0) return;
  if (gone.some((id) => stored.has(id)) || !(await tomcatHasAny(side, gone.slice(0, ASKED_FOR), signal))) return;
  throw notMovable(
    `${gone.length} sessions left the memory of machine ${machine.name} and are not in ${store.place}.`,
    "Compare the Store element of its Manager with sessions.store and the machine's own part of it. Tomcat still finds them where it put them.",
  );
}

/** Tomcat looks for a session in its own store when a request names it, whatever the request's path. */
async function tomcatHasAny(side: Side, ids: readonly string[], signal: AbortSignal): Promise<boolean> {
  const { manager } = side;
  for (const id of ids) await nameToTomcat(side, id);
  const found = new Set(await manager.sessionIds(signal));
  return ids.some((id) => found.has(id));
}

function nameToTomcat({ machine, manager, sessionCookie }: Side, id: string): Promise<void> {
  return askInPassing(machine, manager.context, `${sessionCookie}=${id}`);
}
