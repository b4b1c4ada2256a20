// The version that this program is of.

import { readFileSync } from 'node:fs';

/** As package.json has it, which is part of every installation. */
export function version(): string {
  const file = new URL(import.meta.url.includes('/dist/') ? '../../package.json' : '../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
