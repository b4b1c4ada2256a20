// Whether two WildFlys share the sessions of an application.

import { notMovable } from '../../errors.js';
import type { MechanismCall } from '../mechanism.js';
import { mustShareCache } from './wildfly-cluster.js';
import type { Keeper, WildflyState } from './wildfly-state.js';
import { mustShareStore } from './wildfly-store.js';

/** Refuses, with what to change, where they do not; waits until the standby of a cluster has fetched them. Resolves with what keeps them. */
export async function mustShareSessions(ours: WildflyState, theirs: WildflyState, call: MechanismCall): Promise<Keeper> {
  const { signal } = call;
  const [keeper, other] = [await ours.keeper(signal), await theirs.keeper(signal)];
  if (other.kind !== keeper.kind || other.container !== keeper.container) {
    const where = keeper.kind === 'cluster' ? 'container' : 'remote container';
    throw notMovable(
      `Machine ${ours.name} keeps its sessions in ${where} ${keeper.container}, and machine ${theirs.name} does not.`,
      'Give both the same configuration.',
    );
  }
  await mustBeNamedAlike(ours, theirs, signal);
  if (keeper.kind === 'cluster') await mustShareCache(ours, theirs, keeper.container, call);
  else await mustShareStore(ours, theirs, keeper.container, signal);
  return keeper;
}

async function mustBeNamedAlike(ours: WildflyState, theirs: WildflyState, signal: AbortSignal): Promise<void> {
  const [one, other] = [await ours.naming(signal), await theirs.naming(signal)];
  for (const what of ['context-root', 'session-cookie'] as const) {
    if (one[what] === other[what]) continue;
    throw notMovable(
      `Machines ${ours.name} and ${theirs.name} differ in ${what}, so that clients would not send the same cookie to both.`,
      what === 'context-root'
        ? "Deploy the application alike on both (undertow's context-root)."
        : "Give both the same setting=session-cookie in undertow's servlet containers.",
    );
  }
}
