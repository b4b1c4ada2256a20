// Hazelcast between two machines that both hold all sessions: sessionCache-1.0 of Liberty.

import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { ofMachine } from '../../../config/machine-address.js';
import { addressIn } from '../../../config/origin.js';
import type { HazelcastConfig, MachineConfig } from '../../../config/types.js';
import { within } from '../../../config/within.js';
import { machineUnreachable, notMovable } from '../../errors.js';
import type { MachinePair, MechanismCall } from '../mechanism.js';
import type { HazelcastCache } from './hazelcast-client.js';
import { cachesOf, HazelcastAnswerError } from './hazelcast-client.js';

/** A member that has just booted fetches its copies in seconds; thousands of large sessions take longer. Chosen. */
const FETCH_LIMIT_MS = 60_000;
const REQUEST_LIMIT_MS = 5000;
const POLL_MS = 200;
/** What sessionCache-1.0 names its caches, and what Hazelcast puts before it. */
const SESSIONS = /com\.ibm\.ws\.session\.(meta|attr)\..*/;

/** What a member says at /hazelcast/health, as far as it counts here. */
interface Health {
  clusterSafe?: boolean;
  clusterSize?: number;
  migrationQueueSize?: number;
}

/**
 * Waits until both machines are members of one cluster that has made all the copies it is to make; refuses after a minute. How many these are it
 * does not tell: `mustCopyAll` asks.
 */
export async function mustHoldAll(
  { primary, standby }: MachinePair,
  { url }: HazelcastConfig,
  { signal, onSeen }: MechanismCall,
): Promise<void> {
  const deadline = performance.now() + FETCH_LIMIT_MS;
  for (;;) {
    const wrong = (await wrongWith(primary, url)) ?? (await wrongWith(standby, url));
    if (wrong === null) return;
    if (performance.now() > deadline)
      throw notMovable(
        wrong,
        "Let both be members of one cluster (tcp-ip, cluster-name); where they are, read Hazelcast's output, and try again once it has copied all.",
      );
    onSeen?.(wrong.replace(/\.$/, ''));
    await sleep(POLL_MS, undefined, { signal });
  }
}

/**
 * Refuses two machines of which one alone has some of the sessions, as with a backup-count of 0: it takes them along when it ends otherwise than in
 * good order. Liberty makes its caches while it boots.
 */
export async function mustCopyAll(
  { primary, standby }: MachinePair,
  config: HazelcastConfig,
  signal: AbortSignal,
): Promise<void> {
  const { cluster } = config;
  if (cluster === null) return;
  for (const machine of [primary, standby]) {
    const caches = await sessionCaches(machine, { url: config.url, cluster }, signal);
    if (caches.length === 0)
      throw notMovable(
        `Hazelcast on machine ${machine.name} has no cache of Liberty's sessions.`,
        'Let sessions.hazelcast.url name the Hazelcast that httpSessionCache of server.xml uses.',
      );
    const alone = caches
      .filter(({ backups }) => backups < 1)
      .map(({ name }) => SESSIONS.exec(name)?.[0] ?? name)
      .sort();
    if (alone.length === 0) continue;
    throw notMovable(
      `Each session in ${alone.join(', ')} is on one machine alone, as Hazelcast on machine ${machine.name} tells: its backup-count is 0.`,
      'Set backup-count of these caches to 1 in hazelcast.xml of both machines, stop both, and start them again: a cache keeps what it began with for as long as one of them runs.',
    );
  }
}

async function sessionCaches(
  machine: MachineConfig,
  { url, cluster }: { url: string; cluster: string },
  signal: AbortSignal,
): Promise<HazelcastCache[]> {
  const member = { ...addressIn(ofMachine(url, machine)), cluster };
  const caches = await within(REQUEST_LIMIT_MS, signal, (limited) => cachesOf(member, limited)).catch((cause: unknown) => {
    signal.throwIfAborted();
    if (!(cause instanceof HazelcastAnswerError)) throw machineUnreachable(machine.name, `port ${member.port}`, cause);
    throw notMovable(
      `Machine ${machine.name} does not tell a client of Hazelcast at port ${member.port} of its caches: ${cause.message}.`,
      'Let sessions.hazelcast.url have the port where Hazelcast takes clients; set sessions.hazelcast.cluster to null where they need more than a name.',
    );
  });
  if (caches === null)
    throw notMovable(
      `Hazelcast on machine ${machine.name} does not tell of its caches: its cluster is not ${cluster}, or it asks for a password.`,
      'Name the cluster-name of hazelcast.xml in sessions.hazelcast.cluster, or null where there is a password.',
    );
  return caches.filter(({ name }) => SESSIONS.test(name));
}

/** Null where all is well. */
async function wrongWith(machine: MachineConfig, template: string): Promise<string | null> {
  const url = ofMachine(template, machine);
  const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(REQUEST_LIMIT_MS) }).catch((cause: unknown) => {
    throw machineUnreachable(machine.name, url, cause);
  });
  const text = await body.text();
  if (statusCode !== 200)
    return `Machine ${machine.name} answers ${statusCode} at ${url}, where Hazelcast is to tell of its health.`;
  const { clusterSafe, clusterSize, migrationQueueSize } = healthIn(text);
  if (clusterSize !== 2)
    return `Hazelcast on machine ${machine.name} is in a cluster of ${String(clusterSize ?? 'unknown size')}, and not of two.`;
  if (clusterSafe !== true || migrationQueueSize !== 0)
    return `Hazelcast on machine ${machine.name} has not copied all sessions to the other machine.`;
  return null;
}

function healthIn(text: string): Health {
  try {
    return JSON.parse(text) as Health;
  } catch {
    return {};
  }
}
