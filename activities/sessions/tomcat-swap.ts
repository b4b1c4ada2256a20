// Tomcat by its own PersistentManager: swapped out of one, found in its store by the other. docs/servers/tomcat.md has the measurements.
//
// id               ID.jvmRoute in JSESSIONID; route marker suffix-dot, or none. The marker stays that of the machine which began the session.
// list             in memory by listSessionIds of the context's Manager; in the store by its files, or the rows of its table.
// hand over        Tomcat swaps out what idles while traffic flows, and what is in use inside a hold of everything bound for the primary
//                  (swap-out.ts). What is in the store and not in memory is current there: linked into the standby's directory, or copied
//                  into its table, and removed from the primary's after the commit. The standby loads it with its next request.
// verify           what has left memory is in the store that the worker sees (left-memory.ts), and the standby has that very file, or a row
//                  with the same contents. A canary session with the attributes that matter makes the trip first, from the standby to the
//                  primary, where no user's session can come to harm, and then another one the other way, with what rests there.
// barrier          the swap-out: Tomcat skips a session in a request. DataSourceStore loses a session whose write fails, so there nothing
//                  leaves memory before a backup of its present state has been seen in the table.
// in flight        by Tomcat's own count of what uses a session (sessionActivityCheck), which knows also the request whose client has gone.
//                  With FileStore requests that Tomcat may not have picked up yet keep a pass away, with DataSourceStore all that run.
// ready            the application answers its health check; a machine that has just booted has nothing to fetch.
// configuration    a PersistentManager that swaps only when told, with persistAuthentication and sessionActivityCheck; stores on one file
//                  system or in one database that the worker reaches, each machine its own; no single sign-on; a user for jmxproxy.

import { contextOf } from '../../config/canary-context.js';
import type { MachineConfig, PoolConfig, TomcatSwapConfig } from '../../config/types.js';
import { openDatabase } from '../../state/database.js';
import type { SessionKeyHash } from '../../state/session-key.js';
import { JmxProxy } from './jmx-proxy.js';
import { keepingAwake } from './keep-awake.js';
import type { FindStreams, MachinePair, MechanismCall, SessionMechanism } from './mechanism.js';
import { mustHaveOneTime } from './one-time.js';
import { SessionFiles } from './session-files.js';
import { SessionRows } from './session-rows.js';
import { swapOutBackedUp, swapOutDirectly } from './swap-out.js';
import type { StoredSessions } from './stored-sessions.js';
import { mustKnowCookies, mustNameAll } from './tomcat-applications.js';
import { makeTrip, withCanaries } from './tomcat-canary.js';
import type { Lane, Side } from './tomcat-lane.js';
import { TomcatManager } from './tomcat-manager.js';
import { mustNotSignOnOnce } from './tomcat-single-sign-on.js';
import type { TomcatView } from './tomcat-sessions.js';
import { TomcatSessions } from './tomcat-sessions.js';

/** Ten times the longest hand-over measured. Chosen. */
const HAND_OVER_MS = 2000;
/** A request this old has been picked up by its server: Tomcat's swap-out then sees it (measured: 8 ms; with a margin). */
const PICKED_UP_MS = 20;
/** The least that is safe for a pass while requests flow. */
const BACK_REST_S = 1;

export function createTomcatSwap(pool: PoolConfig, config: TomcatSwapConfig, hash: SessionKeyHash): SessionMechanism {
  const proxies = new Map(pool.machines.map((machine) => [machine.name, new JmxProxy(machine, config.manager)]));
  const { store } = config;
  const database = store.type === 'data-source' ? openDatabase(store.url, { named: 'pools.*.sessions.store.url' }) : null;

  const lanesOf = ({ primary, standby }: MachinePair): Lane[] =>
    config.contexts.map((context) => {
      const side = <Store extends StoredSessions>(machine: MachineConfig, stored: Store): Side<Store> => {
        const manager = new TomcatManager(proxies.get(machine.name) as JmxProxy, context, config.virtualHost);
        return { machine, manager, store: stored, sessionCookies: pool.sessionId.cookies };
      };
      if (store.type === 'data-source' && database !== null) {
        const rows = (machine: MachineConfig): Side<SessionRows> =>
          side(machine, new SessionRows(database, store, machine, context, config.virtualHost));
        return { context, from: rows(primary), to: rows(standby), swapOut: swapOutBackedUp(rows(primary)) };
      }
      const files = (machine: MachineConfig): Side => side(machine, new SessionFiles(machine, context));
      return { context, from: files(primary), to: files(standby), swapOut: swapOutDirectly(files(primary)) };
    });
  const mustKeepLogins = async ({ name }: MachineConfig, signal: AbortSignal): Promise<void> => {
    if (!config.loseSingleSignOn) await mustNotSignOnOnce(proxies.get(name) as JmxProxy, signal);
  };
  const mustKnowAll = async ({ name }: MachineConfig, signal: AbortSignal): Promise<void> => {
    const jmx = proxies.get(name) as JmxProxy;
    await mustKnowCookies(jmx, config, pool.sessionId.cookies, signal);
    await mustNameAll(jmx, config, signal);
  };
  const sessions = new TomcatSessions(hash, pool.sessionId.routeMarker);
  const restOut = (lanes: readonly Lane[], restS: number, call: MechanismCall): Promise<TomcatView> =>
    sessions.swapOut(lanes, ({ swapOut }) => swapOut.idle(call, restS), call.signal);
  const withStreams = async (lanes: readonly Lane[], streaming: FindStreams, signal: AbortSignal): Promise<[Lane, string[]][]> =>
    sessions.inMemory(lanes, await streaming(), signal);

  return {
    holds: 'all',
    // What a failed write would lose is known only of sessions that no request changes meanwhile.
    pickedUpMs: store.type === 'file' ? PICKED_UP_MS : null,

    handOverMs: HAND_OVER_MS,

    async preflight(pair, streaming, call) {
      const { signal, sparing = false } = call;
      for (const machine of [pair.primary, pair.standby]) await mustKeepLogins(machine, signal);
      await mustHaveOneTime(pool, pair, signal);
      const lanes = lanesOf(pair);
      for (const { from, to } of lanes) {
        await from.manager.mustBePersistent(signal);
        await to.manager.mustBePersistent(signal);
        await from.store.mustReach(to.store);
      }
      for (const machine of [pair.primary, pair.standby]) await mustKnowAll(machine, signal);
      // A pass of the primary takes every session that rests there, and what Tomcat writes it strips of what cannot be written: so
      // it comes last, and not at all where users' sessions are to stay as they are.
      const passing = (lane: Lane, trip: (restS: number, call: MechanismCall) => Promise<unknown>): Promise<void> =>
        lane.from.manager.restoringSettings(call, async () => {
          const find = (): Promise<[Lane, string[]][]> => withStreams([lane], streaming, signal);
          await keepingAwake(find, signal, (restS, awake) => trip(restS, { ...call, signal: awake }));
        });
      const { canary } = config;
      const isTried = ({ context }: Lane): boolean => canary !== null && context === contextOf(canary.path, config.contexts);
      const tried = lanes.find(isTried);
      const back = lanesOf({ primary: pair.standby, standby: pair.primary }).find(isTried);
      if (canary !== null && tried !== undefined && back !== undefined) {
        await withCanaries(canary, pool, tried, async (ofPrimary, ofStandby) => {
          // The standby has no user's session.
          await back.from.manager.restoringSettings(call, () => makeTrip(canary, pool, back, ofStandby, BACK_REST_S, call));
          if (sparing) return;
          await passing(tried, (restS, awake) => makeTrip(canary, pool, tried, ofPrimary, restS, awake));
        });
      }
      if (sparing) return;
      for (const lane of lanes) if (lane !== tried) await passing(lane, (restS, awake) => restOut([lane], restS, awake));
    },

    async inspect(machine, { signal }) {
      await mustKeepLogins(machine, signal);
      const other = pool.machines.find(({ name }) => name !== machine.name) ?? machine;
      for (const { from, to } of lanesOf({ primary: machine, standby: other })) {
        await from.manager.mustBePersistent(signal);
        // The other one need not run for that.
        await from.store.mustReach(to.store);
      }
      await mustKnowAll(machine, signal);
    },

    async begin(pair, ownedByStandby, { signal, guard }) {
      for (const { from, to } of lanesOf(pair)) {
        await guard();
        await from.manager.begin(signal);
        const [theirs, mine] = [await to.store.ids(), await from.store.ids()];
        // Asked after the stores were listed: what has changed its owner since is in neither list.
        const owned = await ownedByStandby();
        await guard();
        await to.store.remove(theirs.filter((id) => !owned.has(sessions.keyOf(id))));
        await from.store.remove(mine.filter((id) => owned.has(sessions.keyOf(id))));
      }
    },

    async prepareIdle(pair, streaming, call) {
      const lanes = lanesOf(pair);
      const find = (): Promise<[Lane, string[]][]> => withStreams(lanes, streaming, call.signal);
      const view = await keepingAwake(find, call.signal, (restS, awake) => restOut(lanes, restS, { ...call, signal: awake }));
      return { keys: view.swappedOut(), haveStreams: (await find()).length > 0 };
    },

    async handOver(pair, scope, call) {
      const lanes = lanesOf(pair);
      if (scope.held === 'keys') return sessions.giveToStandby(lanes, await sessions.outOfMemory(lanes, scope.keys, call.signal));
      // Tomcat skips a session in a request that it has picked up. With DataSourceStore such a request may end and change its session
      // after that was compared with the store, so there must be none at all.
      const inTheWay = store.type === 'file' ? scope.notPickedUp : scope.running;
      // No pass spares a session whose WebSocket is open: Tomcat would make it invalid under it (measured).
      const mayPass = inTheWay === 0 && (await sessions.inMemory(lanes, scope.streaming, call.signal)).length === 0;
      const view =
        mayPass || scope.force
          ? await sessions.swapOut(lanes, ({ swapOut }, ids) => swapOut.held(ids, scope, call), call.signal)
          : await sessions.look(lanes, call.signal);
      const wanted = new Set([...view.swappedOut(), ...scope.named]);
      return sessions.giveToStandby(
        lanes,
        [...wanted].filter((key) => !scope.except.has(key) && !view.isInMemory(key)),
      );
    },

    settle: (pair, keys) => sessions.remove(lanesOf(pair), 'from', keys),
    async retract(pair, keys, { guard }) {
      await guard();
      await sessions.remove(lanesOf(pair), 'to', keys);
    },

    async remaining(pair, { signal }) {
      return (await sessions.look(lanesOf(pair), signal)).all();
    },

    async rescue(pair, { guard }) {
      let saved = 0;
      for (const { from, to } of lanesOf(pair)) {
        await guard();
        // A fail-over cannot wait for an operator who makes it.
        await to.store.makeRoom();
        await from.store.mustReach(to.store);
        // What the standby has there is from when it was the active one itself, or from a rescue that was interrupted.
        await to.store.remove(await to.store.ids());
        saved += (await from.store.giveTo(to.store, await from.store.ids())).size;
      }
      return saved;
    },

    async forsake(pair, { guard }) {
      for (const { from } of lanesOf(pair)) {
        await guard();
        await from.store.remove(await from.store.ids());
      }
    },

    async end(pair, { signal, guard }) {
      await guard();
      // A restart has brought the primary's own settings back; one that was skipped may have left it as it was, or down.
      for (const { from } of lanesOf(pair)) await from.manager.endIfShut(signal).catch(() => signal.throwIfAborted());
      sessions.forget();
    },

    async close() {
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
      await database?.end();
    },
  };
}
