// Open Liberty and WebSphere Liberty: both machines keep their sessions in one database (sessionDatabase-1.0), or in a cache that both have
// (sessionCache-1.0).
//
// Ids: JSESSIONID=0001ID:clone:clone; four digits count the copies, a clone id is added for each machine that has served it. Only ID is the key.
// List: Liberty tells of no single session. They are in the database: rows with id = propid of the application (docs/servers/liberty.md).
// Hand-over: none. A machine reads the session anew when the copy's number says that another has served it.
// Verification: a canary session makes the trip, and is looked for in the database where that is named.
// Barrier: the row is written after a short response has ended. Until then the request counts in the metric session_activeSessions; it is
// one for all of an application's sessions, so where others keep it above none, a longer time stands in for it.
// In flight: the same metric, which counts also the request whose client has gone.
// Ready: the application answers its health check; Liberty answers 404 before it has started the application.
// Needed: monitor-1.0 and mpMetrics, END_OF_SERVLET_SERVICE, ALL_SESSION_ATTRIBUTES, one cookie configuration, the same LTPA keys.

import { setTimeout as sleep } from 'node:timers/promises';
import { contextOf } from '../../../config/canary-context.js';
import type { LibertyConfig, MachineConfig, PoolConfig } from '../../../config/types.js';
import type { Database } from '../../../state/database.js';
import { openDatabase } from '../../../state/database.js';
import { notMovable } from '../../errors.js';
import type { MachinePair } from '../mechanism.js';
import type { SharingServer } from '../sharing-server.js';
import { mustCopyAll, mustHoldAll } from './hazelcast.js';
import { mustBeStored } from './liberty-database.js';
import { LibertyMetrics } from './liberty-metrics.js';
import { beginSession, mustBeAlike } from '../session-cookie.js';
import { nameContexts, unnamed, wouldBeLost } from '../unnamed-applications.js';

/** A look costs the server some milliseconds. Chosen: who waits for it is a user. */
const POLL_MS = 10;
/** `0001ID:clone`, as the mark of copies and machines is read from it. */
const MARKED = /^\d{4}[^:]+:/;

export function createLiberty(pool: PoolConfig, config: LibertyConfig): SharingServer {
  const metrics = new LibertyMetrics(config.metrics, pool.sessionId.cookies);
  // As monitor-1.0 names an application: default_host/a/b-c is default_host_a_b_c.
  const applicationAt = (context: string): string => `${config.virtualHost}${context || '/'}`.replace(/\W/g, '_');
  const applications = config.contexts.map(applicationAt);
  /** As a list of contexts names those of another virtual host. */
  const lost = config.loseContexts.map((context) =>
    context.startsWith('//') ? context.slice(2).replace(/\W/g, '_') : applicationAt(context),
  );
  const barrierMs = config.settleMs + config.busySettleMs;
  let database: Database | null = null;

  const active = (machine: MachineConfig, signal: AbortSignal): Promise<number | null> =>
    metrics.activeSessions(machine, applications, signal);

  /**
   * Waits until no request counts that may not have saved its session, at least settleMs. Where nothing tells it, because no session has been
   * used since the boot, settleMs and busySettleMs have to do; while requests count it goes on until `endsAt`. Whether it is so.
   */
  async function quiet(machine: MachineConfig, endsAt: number, signal: AbortSignal): Promise<boolean> {
    const untoldAt = performance.now() + barrierMs;
    await sleep(config.settleMs, undefined, { signal });
    for (;;) {
      const running = await active(machine, signal);
      if (running === 0) return true;
      if (running === null && performance.now() >= untoldAt) return true;
      if (performance.now() >= endsAt) return false;
      await sleep(POLL_MS, undefined, { signal });
    }
  }

  /** Refuses applications whose requests no barrier would see. */
  async function mustNameAll(machine: MachineConfig, signal: AbortSignal): Promise<void> {
    const prefix = applicationAt('');
    const left = unnamed(await metrics.applications(machine, signal), new Set([...applications, ...lost]));
    if (left.length === 0) return;
    const named = left.map(({ name, ...counts }) => ({
      ...counts,
      name: name === prefix ? '' : name.startsWith(prefix) ? `/${name.slice(prefix.length)}` : `//${name}`,
    }));
    throw wouldBeLost(machine.name, named, nameContexts);
  }

  async function tryCanary({ primary, standby }: MachinePair, path: string, signal: AbortSignal): Promise<void> {
    const [ours, theirs] = [await beginSession(primary, path, pool), await beginSession(standby, path, pool)];
    mustBeAlike(primary, ours, standby, theirs);
    for (const [{ name }, { value }] of [
      [primary, ours],
      [standby, theirs],
    ] as const) {
      if (MARKED.test(value)) continue;
      throw notMovable(
        `Machine ${name} does not mark its session ids by number and clone, as 0001ID:clone: a copy of a session could not be told from a stale one.`,
        'Leave cloneSeparator of httpSession as it is.',
      );
    }
    // Of the others nobody can tell whether they are misspelt, or not used since the boot.
    const context = contextOf(path, config.contexts);
    const application = applicationAt(context ?? '');
    if (context === undefined || (await metrics.activeSessions(primary, [application], signal)) === null) {
      throw notMovable(
        context === undefined
          ? `${path} of sessions.canary is in none of ${config.contexts.join(', ')}, whose sessions in use are counted.`
          : `Machine ${primary.name} has begun a session, and its metrics do not count the sessions in use of ${application}.`,
        'Correct sessions.contexts and sessions.virtualHost, and let no filter of monitor-1.0 leave out the group Session.',
      );
    }
    if (config.database === null) return;
    database ??= openDatabase(config.database.url, { maxConnections: 1, named: 'pools.*.sessions.database.url' });
    for (const [machine, { value }] of [
      [primary, ours],
      [standby, theirs],
    ] as const) {
      await quiet(machine, performance.now() + barrierMs, signal);
      await mustBeStored(database, config, machine, value);
    }
  }

  return {
    barrierMs,
    async inspect(machine, { signal }) {
      await metrics.mustTell(machine, signal);
      await mustNameAll(machine, signal);
    },
    async mustShare(pair, call) {
      const { signal } = call;
      await metrics.mustTrustLogIns(pair, signal);
      if (config.hazelcast !== null) {
        await mustHoldAll(pair, config.hazelcast, call);
        await mustCopyAll(pair, config.hazelcast, signal);
      }
      if (config.canary !== null) await tryCanary(pair, config.canary.path, signal);
    },
    async saved({ primary }, keys, { signal }) {
      // What the others do is none of these sessions' business: time has to do then.
      await quiet(primary, performance.now() + barrierMs, signal);
      return [...keys];
    },
    allSaved: ({ primary }, endsAt, { signal }) => quiet(primary, endsAt, signal),
    // In the database; a cache of the machines keeps a copy of each on the other.
    survivors: () => Promise.resolve(null),
    async close() {
      await metrics.close();
      await database?.end();
    },
  };
}
