// PostgreSQL and Temporal in a temporary directory: what the demo, benchmarks and tests run on.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Closing } from './closing.js';
import type { EmbeddedPostgresOptions, RunningPostgres } from './postgres.js';
import { makeServerDirectory, startEmbeddedPostgres } from './postgres.js';
import type { RunningTemporal } from './temporal.js';
import { startEmbeddedTemporal } from './temporal.js';
import { findTemporalCli } from './temporal-cli.js';

export interface ServerOptions {
  /** Part of the directory's name: who has left it behind, should that happen. */
  purpose: string;
  onProgress: (line: string) => void;
  signal: AbortSignal;
  /** Where PostgreSQL is reached besides loopback. */
  alsoAt?: EmbeddedPostgresOptions['alsoAt'];
}

export interface Servers {
  directory: string;
  postgres: RunningPostgres;
  temporal: RunningTemporal;
  /** Path of Temporal's command. */
  temporalCli: string;
  /** Stops both and removes the directory. */
  close: () => Promise<void>;
}

export function startTemporaryServers({ purpose, onProgress, signal, alsoAt }: ServerOptions): Promise<Servers> {
  return Closing.onFailure(async (closing) => {
    const temporalCli = await findTemporalCli({ onProgress, signal });
    const directory = await makeTemporaryDirectory(purpose);
    closing.add(() => rm(directory, { recursive: true, force: true }));
    onProgress('Starting PostgreSQL and Temporal');
    const postgres = await startEmbeddedPostgres({
      directory: join(directory, 'postgres'),
      ...(alsoAt === undefined ? {} : { alsoAt }),
    });
    closing.add(() => postgres.stop());
    signal.throwIfAborted();
    const temporal = await startEmbeddedTemporal({ cli: temporalCli, directory: join(directory, 'temporal') });
    closing.add(() => temporal.stop());
    signal.throwIfAborted();
    return { directory, postgres, temporal, temporalCli, close: () => closing.close() };
  });
}

/** One in which embedded servers may run. */
export async function makeTemporaryDirectory(purpose: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `vm-rejuv-${purpose}-`));
  await makeServerDirectory(directory);
  return directory;
}
