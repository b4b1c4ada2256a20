// Which workers of WildFly's I/O subsystem serve requests: a listener may have one of its own instead of `default`.

import { z } from 'zod';
import { resource, type WildflyManagement } from './wildfly-management.js';

const LISTENERS = ['http-listener', 'https-listener', 'ajp-listener'];
const listeners = z.array(z.object({ result: z.object({ worker: z.string() }) }));

/** Names of the workers of all listeners, each once. */
export async function workersOf(management: WildflyManagement, signal: AbortSignal): Promise<string[]> {
  const workers = new Set<string>();
  for (const kind of LISTENERS) {
    const all = { ...resource(['subsystem', 'undertow', 'server', '*', kind, '*']), 'resolve-expressions': true };
    for (const { result } of (await management.ask(all, listeners, signal)) ?? []) workers.add(result.worker);
  }
  return [...workers];
}
