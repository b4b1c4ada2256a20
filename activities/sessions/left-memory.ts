// What has left the memory of a Tomcat has to be in its store as we see it.

import { notMovable } from '../errors.js';
import { nameToTomcat, NAMED_AT_ONCE } from './canary-visit.js';
import type { Side } from './tomcat-lane.js';

/**
 * Looks whether sessions that have left memory are in the store. Where none of them is, they have ended meanwhile; or Tomcat keeps
 * its sessions somewhere else, and to go on would be to lose them all: SESSIONS_NOT_MOVABLE.
 */
export async function mustBeStored(
  side: Side,
  gone: readonly string[],
  stored: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (gone.length === 0) return;
  const inStore = new Set(stored);
  if (gone.some((id) => inStore.has(id)) || !(await tomcatHasAny(side, gone.slice(0, NAMED_AT_ONCE), signal))) return;
  throw notMovable(
    `${gone.length} sessions left the memory of machine ${side.machine.name} and are not in ${side.store.place}.`,
    "Compare the Store element of its Manager with sessions.store and the machine's own part of it. Tomcat still finds them where it put them.",
  );
}

async function tomcatHasAny(side: Side, ids: readonly string[], signal: AbortSignal): Promise<boolean> {
  for (const id of ids) await nameToTomcat(side, id);
  const found = new Set(await side.manager.sessionIds(signal));
  return ids.some((id) => found.has(id));
}
