// Tomcat whose machines replicate sessions to each other by DeltaManager or BackupManager: docs/servers/tomcat-cluster.md.
//
// id               ID.jvmRoute in JSESSIONID; route marker suffix-dot. The marker stays that of the machine which began the session.
// list             listSessionIds of the context's Manager; of a BackupManager getSessionIdsFull, which has the copies too.
// hand over        nothing to do: with acknowledged sending a request's changes are with the other machine when the container is done with it.
// verify           what the primary has, the standby has.
// barrier          every request that the primary was executing when the proxies were quiet has ended: an answer may be complete
//                  before the ReplicationValve has run. The stage and count of each RequestProcessor tell (a grace period, as of RCU).
// in flight        the same.
// ready            the standby knows all sessions of the primary.
// configuration    a Cluster with both machines, acknowledged sending, a ReplicationValve that leaves out no request and no JvmRouteBinderValve,
//                  <distributable/>, one manager of the two on both machines: a DeltaManager that expires nothing at its end, or a BackupManager where a session has one request at a time.

import { setTimeout as sleep } from 'node:timers/promises';
import type { MachineConfig, PoolConfig, TomcatClusterConfig } from '../../../config/types.js';
import { notMovable } from '../../errors.js';
import { JmxProxy } from '../jmx-proxy.js';
import type { MachinePair } from '../mechanism.js';
import type { SharingServer } from '../sharing-server.js';
import { mustKnowCookies, mustNameAll } from '../tomcat-applications.js';
import { TomcatManager } from '../tomcat-manager.js';
import { mustNotSignOnOnce } from '../tomcat-single-sign-on.js';
import { mustSendEveryChange } from './tomcat-cluster-valves.js';

/** How long named sessions wait for requests of others to end; they come again with the next batch. Chosen. */
const BARRIER_MS = 150;
const POLL_MS = 5;
/** What a machine that has just booted may take to fetch every session. Tomcat's own limit of it (stateTransferTimeout) is a minute. */
const TRANSFER_MS = 90_000;
const TRANSFER_POLL_MS = 500;
/** org.apache.coyote.Constants.STAGE_SERVICE: in the container, the ReplicationValve included. */
const STAGE_SERVICE = '3';
/** Channel.SEND_OPTIONS_USE_ACK and SEND_OPTIONS_SYNCHRONIZED_ACK: the other machine has applied it. */
const ACKNOWLEDGED = 6;
/** Channel.SEND_OPTIONS_ASYNCHRONOUS: a queue takes it, and the request ends before anything is sent. */
const ASYNCHRONOUS = 8;
/** With Tomcat's default, 5 s, loaded machines took each other for gone every 10 to 20 s, and with this never (measured). */
const LEAST_ACCESS_TIMEOUT_MS = 60_000;
const DELTA_MANAGER = 'org.apache.catalina.ha.session.DeltaManager';
const BACKUP_MANAGER = 'org.apache.catalina.ha.session.BackupManager';

type Running = ReadonlyMap<string, string>;

export function createTomcatCluster(pool: PoolConfig, config: TomcatClusterConfig): SharingServer {
  const { contexts, virtualHost, manager, loseSingleSignOn } = config;
  const proxies = new Map(pool.machines.map((machine) => [machine.name, new JmxProxy(machine, manager)]));
  const jmxOf = ({ name }: MachineConfig): JmxProxy => proxies.get(name) as JmxProxy;
  const managerOf = (machine: MachineConfig, context: string): TomcatManager =>
    new TomcatManager(jmxOf(machine), context, virtualHost);

  async function mustReplicate(machine: MachineConfig, context: string, signal: AbortSignal): Promise<void> {
    const sessions = managerOf(machine, context);
    const { what } = sessions;
    const found = await sessions.mustBeDeployed(signal);
    const className = found.get('className') ?? 'an unknown manager';
    if (className !== DELTA_MANAGER && className !== BACKUP_MANAGER) {
      throw notMovable(
        `${what} keeps its sessions in ${className}, which no other machine knows.`,
        'Add <distributable/> to its web.xml and a Cluster to server.xml, as docs/servers/tomcat-cluster.md shows.',
      );
    }
    const isBackup = className === BACKUP_MANAGER;
    if (isBackup) mustBackUpAll(what, found.get('accessTimeout'));
    if (found.get('expireSessionsOnShutdown') === 'true') {
      throw notMovable(
        `${what} ends its sessions on every machine when it is told to end.`,
        'Set expireSessionsOnShutdown="false" at its DeltaManager in server.xml.',
      );
    }
    const attribute = isBackup ? 'mapSendOptions' : 'channelSendOptions';
    const options = isBackup ? found.get(attribute) : await sendOptions(machine, signal);
    if ((Number(options) & (ACKNOWLEDGED | ASYNCHRONOUS)) === ACKNOWLEDGED) return;
    throw notMovable(
      `Machine ${machine.name} sends sessions with ${attribute}=${options ?? '?'}, and does not wait until they have arrived.`,
      `Set ${attribute}="6" (synchronous, acknowledged) in server.xml.`,
    );
  }

  function mustBackUpAll(what: string, accessTimeout = '?'): void {
    if (!pool.sessions.oneRequestAtATime) {
      throw notMovable(
        `${what} has a BackupManager, which loses changes where two requests of a session end at once.`,
        'Set sessions.oneRequestAtATime: true, or replace it by a DeltaManager, as docs/servers/tomcat-cluster.md shows.',
      );
    }
    if (Number(accessTimeout) >= LEAST_ACCESS_TIMEOUT_MS) return;
    throw notMovable(
      `${what} sends no changes for a moment when the other machine has not answered a ping within accessTimeout=${accessTimeout} ms.`,
      `Set accessTimeout="${LEAST_ACCESS_TIMEOUT_MS}" at its BackupManager in server.xml.`,
    );
  }

  async function classOf(machine: MachineConfig, context: string, signal: AbortSignal): Promise<string | undefined> {
    return (await managerOf(machine, context).mustBeDeployed(signal)).get('className');
  }

  /** Those of other machines that it has copies of, too. */
  async function knownIds(machine: MachineConfig, context: string, signal: AbortSignal): Promise<string[]> {
    const withCopies = (await classOf(machine, context, signal)) === BACKUP_MANAGER;
    return managerOf(machine, context).sessionIds(signal, withCopies);
  }

  async function mustBeAlike({ primary, standby }: MachinePair, signal: AbortSignal): Promise<void> {
    for (const context of contexts) {
      const [here, there] = [await classOf(primary, context, signal), await classOf(standby, context, signal)];
      if (here === there) continue;
      throw notMovable(
        `Context ${context || '(root)'} has a ${here ?? '?'} on machine ${primary.name}, and a ${there ?? '?'} on ${standby.name}.`,
        'Give both machines the same Manager.',
      );
    }
  }

  /** Of the cluster of the contexts' Host: its own where it has one, else that of the Engine. Members are beans of the same type. */
  async function sendOptions(machine: MachineConfig, signal: AbortSignal): Promise<string | undefined> {
    const options = new Map(
      (await jmxOf(machine).queryAll('Catalina:type=Cluster,*', signal)).map(({ name, attributes }) => [
        name,
        attributes.get('channelSendOptions'),
      ]),
    );
    return options.get(`Catalina:type=Cluster,host=${virtualHost}`) ?? options.get('Catalina:type=Cluster');
  }

  /** How many sessions of the primary the standby does not know. What begins or ends meanwhile does not count. */
  async function unknown(primary: MachineConfig, standby: MachineConfig, signal: AbortSignal): Promise<number> {
    let count = 0;
    for (const context of contexts) {
      const before = await knownIds(primary, context, signal);
      const there = new Set(await knownIds(standby, context, signal));
      const missing = before.filter((id) => !there.has(id));
      if (missing.length === 0) continue;
      const after = new Set(await knownIds(primary, context, signal));
      count += missing.filter((id) => after.has(id)).length;
    }
    return count;
  }

  /** Requests in the container, by their processor: how many that had finished before. Our own questions are none. */
  async function running(machine: MachineConfig, signal: AbortSignal): Promise<Running> {
    const processors = await jmxOf(machine).queryAll('Catalina:type=RequestProcessor,*', signal);
    return new Map(
      processors
        .filter(({ attributes }) => attributes.get('stage') === STAGE_SERVICE)
        .filter(({ attributes }) => attributes.get('currentUri')?.startsWith(`${manager.path}/jmxproxy`) !== true)
        .map(({ name, attributes }) => [name, attributes.get('requestCount') ?? '']),
    );
  }

  /** Whether all requests that run now have ended by `endsAt`. */
  async function graceful(machine: MachineConfig, endsAt: number, signal: AbortSignal): Promise<boolean> {
    let left = await running(machine, signal);
    while (left.size > 0) {
      if (performance.now() > endsAt) return false;
      await sleep(POLL_MS, undefined, { signal });
      const now = await running(machine, signal);
      left = new Map([...left].filter(([name, count]) => now.get(name) === count));
    }
    return true;
  }

  return {
    barrierMs: BARRIER_MS,
    async inspect(machine, { signal }) {
      if (!loseSingleSignOn) await mustNotSignOnOnce(jmxOf(machine), signal);
      for (const context of contexts) await mustReplicate(machine, context, signal);
      await mustSendEveryChange(jmxOf(machine), config, signal);
      await mustKnowCookies(jmxOf(machine), config, pool.sessionId.cookies, signal);
      await mustNameAll(jmxOf(machine), config, signal);
    },
    async mustShare({ primary, standby }, { signal, onSeen }) {
      await mustBeAlike({ primary, standby }, signal);
      const endsAt = performance.now() + TRANSFER_MS;
      for (let count = await unknown(primary, standby, signal); count > 0; count = await unknown(primary, standby, signal)) {
        const seen = `Machine ${standby.name} does not know ${count} sessions of machine ${primary.name}`;
        if (performance.now() > endsAt) {
          throw notMovable(
            `${seen}: they are no cluster, or it could not fetch them.`,
            "Let each name the other in its Membership, reach its Receiver's port, and read Tomcat's log.",
          );
        }
        onSeen?.(seen);
        await sleep(TRANSFER_POLL_MS, undefined, { signal });
      }
    },
    async saved({ primary }, keys, { signal }) {
      return (await graceful(primary, performance.now() + BARRIER_MS, signal)) ? [...keys] : [];
    },
    async allSaved({ primary, standby }, endsAt, { signal }) {
      return (await graceful(primary, endsAt, signal)) && (await unknown(primary, standby, signal)) === 0;
    },
    async survivors(standby, { signal }) {
      const ids = await Promise.all(contexts.map((context) => knownIds(standby, context, signal)));
      return ids.flat().length;
    },
    async close() {
      await Promise.all([...proxies.values()].map((jmx) => jmx.close()));
    },
  };
}
