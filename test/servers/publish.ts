// What a run has measured, for `npm run test:servers`, which shows it, and with --publish writes it into docs/servers.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Of one server, as docs/servers/README.md has it. */
export interface ServerFigures {
  server: string;
  mechanism: string;
  restarts: number;
  requests: number;
  failed: number;
  sessionsLost: number;
  updatesLost: number;
  sessionsMoved: number;
  sessionsPerSecond: number;
  longestHoldMs: number;
  longestWaitMs: number;
  freshMiB: number;
  restartedMiB: number;
}

/** A row of the table of all servers. */
export function publish(figures: ServerFigures): Promise<void> {
  return collect(figures.server, figures);
}

/** The table of `page` itself, a file of docs/servers: what stands under each title, row by row, in the order of the alphabet. */
export function publishTable(page: string, rows: readonly Record<string, string | number>[]): Promise<void> {
  return collect(page, { page, rows });
}

async function collect(name: string, figures: object): Promise<void> {
  const directory = process.env['VM_REJUV_SERVER_FIGURES'];
  if (directory === undefined) return;
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, `${name}.json`), JSON.stringify(figures));
}
