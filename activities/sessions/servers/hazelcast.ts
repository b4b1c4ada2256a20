// Hazelcast between two machines that both hold all sessions: sessionCache-1.0 of Liberty.

import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { ofMachine } from '../../../config/machine-address.js';
import { machineUnreachable, notMovable } from '../../errors.js';
import type { MachineConfig } from '../../../config/types.js';
import type { MachinePair, MechanismCall } from '../mechanism.js';

/** A member that has just booted fetches its copies in seconds; thousands of large sessions take longer. Chosen. */
const FETCH_LIMIT_MS = 60_000;
const REQUEST_LIMIT_MS = 5000;
const POLL_MS = 200;

/** What a member says at /hazelcast/health, as far as it counts here. */
interface Health {
  clusterSafe?: boolean;
  clusterSize?: number;
  migrationQueueSize?: number;
}

/**
 * Waits until both machines are members of one cluster that has made all the copies it is to make; refuses after a minute. How many these are it
 * does not tell: with a backup-count of 0 all is well at once, and a member that ends takes half of it along (tested). `url`: where they tell it,
 * with {host} and {machine} for the host and the name of a machine.
 */
export async function mustHoldAll(
  { primary, standby }: MachinePair,
  url: string,
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
