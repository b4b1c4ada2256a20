// Whether two WildFlys keep the sessions of an application in one remote store.

import { z } from 'zod';
import { notMovable } from '../../errors.js';
import { resource } from './wildfly-management.js';
import type { WildflyState } from './wildfly-state.js';

const remoteContainer = z.object({
  'remote-cluster': z.record(z.string(), z.object({ 'socket-bindings': z.array(z.string()) })).nullish(),
});
const addresses = z.array(z.object({ result: z.object({ host: z.string(), port: z.number() }) }));

/** Refuses, with what to change, where they name it differently; that it is the same behind the name, a canary proves. `container`: of both. */
export async function mustShareStore(
  ours: WildflyState,
  theirs: WildflyState,
  container: string,
  signal: AbortSignal,
): Promise<void> {
  const other = await storeOf(theirs, container, signal);
  for (const [what, text] of await storeOf(ours, container, signal)) {
    if (other.get(what) === text) continue;
    throw notMovable(
      `Machines ${ours.name} (${text}) and ${theirs.name} (${String(other.get(what))}) differ in the ${what} of their remote container ${container}.`,
      'Give both the same hotrod-session-management, and let their remote-cache-container name the same servers: docs/servers/wildfly-remote.md.',
    );
  }
}

/** Where its sessions are, and how they are written. */
async function storeOf(state: WildflyState, container: string, signal: AbortSignal): Promise<Map<string, string>> {
  const { management } = state;
  const web = await state.web(signal);
  const keeper = web?.['hotrod-session-management']?.[web['default-session-management']];
  const address = ['subsystem', 'infinispan', 'remote-cache-container', container];
  const found = await management.ask(resource(address), remoteContainer, signal);
  const servers: string[] = [];
  for (const binding of Object.values(found?.['remote-cluster'] ?? {}).flatMap((cluster) => cluster['socket-bindings'])) {
    const named = ['socket-binding-group', '*', 'remote-destination-outbound-socket-binding', binding];
    const resolved = await management.ask({ ...resource(named), 'resolve-expressions': true }, addresses, signal);
    servers.push(...(resolved ?? []).map(({ result }) => `${result.host}:${result.port}`));
  }
  return new Map([
    ['servers', servers.toSorted().join(', ')],
    ['granularity', keeper?.granularity ?? ''],
    ['marshaller', keeper?.marshaller ?? ''],
  ]);
}
