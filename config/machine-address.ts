// URLs that are written once for both machines of a pool, with {host} for the host of each.

import type { MachineConfig } from './types.js';

/** The URL of this machine. */
export function ofMachine(template: string, { url }: Pick<MachineConfig, 'url'>): string {
  return template.replaceAll('{host}', new URL(url).hostname);
}
