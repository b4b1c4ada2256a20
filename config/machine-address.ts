// URLs that are written once for both machines of a pool, with {host} and {machine} for the host and the name of each.

import type { MachineConfig } from './types.js';

/** What the placeholders stand for; ends a message. */
export const PLACEHOLDERS = 'where {host} is the host of the machine, and {machine} its name';

/** The URL of this machine. */
export function ofMachine(template: string, { url, name }: Pick<MachineConfig, 'url' | 'name'>): string {
  return filledIn(template, new URL(url).hostname, name);
}

/** A URL as of some machine, for whoever looks at its form. Null where it has another placeholder, or a brace that is part of none. */
export function exampleOf(template: string): string | null {
  const example = filledIn(template, 'host', 'machine');
  return /[{}]/.test(example) ? null : example;
}

function filledIn(template: string, host: string, name: string): string {
  return template.replaceAll('{host}', host).replaceAll('{machine}', name);
}
