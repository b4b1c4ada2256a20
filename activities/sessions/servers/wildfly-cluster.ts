// Whether two WildFlys are one cluster, in which both have the sessions of an application.

import { setTimeout as sleep } from 'node:timers/promises';
import { notMovable } from '../../errors.js';
import type { MechanismCall } from '../mechanism.js';
import type { WildflyState } from './wildfly-state.js';

/** A node that joins has fetched 1,000 sessions before it serves (measured); nodes tell of their entries one after the other. Chosen. */
const FETCH_MS = 30_000;
const PAUSE_MS = 100;

/** Refuses, with what to change, where they do not; waits until the standby has fetched the sessions. `container`: of both machines' caches. */
export async function mustShareCache(
  ours: WildflyState,
  theirs: WildflyState,
  container: string,
  call: MechanismCall,
): Promise<void> {
  await mustBeOneCluster(ours, theirs, container, call.signal);
  await mustHaveFetched(ours, theirs, container, call);
}

async function mustBeOneCluster(ours: WildflyState, theirs: WildflyState, container: string, signal: AbortSignal): Promise<void> {
  const [one, other] = [await ours.node(container, signal), await theirs.node(container, signal)];
  // Nodes of one cluster agree on who leads it; a node that has found nobody leads itself.
  if (one.coordinator !== '' && one.coordinator === other.coordinator && one.name !== other.name) return;
  throw notMovable(
    `Machines ${ours.name} (node ${one.name}, led by ${one.coordinator}) and ${theirs.name} (node ${other.name}, led by ${other.coordinator}) are no cluster.`,
    'Give each its own jboss.node.name, and let the JGroups stack of the channel ee find the other: docs/servers/wildfly.md.',
  );
}

/** Sessions begin and end meanwhile: the standby must have as many as the primary has had in between. */
async function mustHaveFetched(
  ours: WildflyState,
  theirs: WildflyState,
  container: string,
  { signal, onSeen }: MechanismCall,
): Promise<void> {
  const endsAt = performance.now() + FETCH_MS;
  for (let before = await ours.entries(container, signal); ;) {
    const fetched = (await theirs.entries(container, signal)) ?? 0;
    const after = await ours.entries(container, signal);
    const [least, most] = [Math.min(before ?? 0, after ?? 0), Math.max(before ?? 0, after ?? 0)];
    if (fetched >= least && fetched <= most) return;
    const seen = `Machine ${theirs.name} has ${fetched} entries in the cache of sessions, and machine ${ours.name} has ${most}`;
    if (performance.now() > endsAt) {
      throw notMovable(`${seen}.`, "Look at the machines' own output for a rebalance that has not finished, and try again.");
    }
    onSeen?.(seen);
    before = after;
    await sleep(PAUSE_MS, undefined, { signal });
  }
}
