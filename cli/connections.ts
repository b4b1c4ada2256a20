// How the commands of this host find what `vm-rejuv up` runs: a file in its data directory, there while it runs.

import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const DATA_DIRECTORY = 'vm-rejuv-data';
const FILE = 'connections.json';

/** Writes the variables for those who may read this user's files. Resolves with what removes them. */
export async function publishConnections(data: string, variables: Record<string, string>): Promise<() => Promise<void>> {
  const file = join(data, FILE);
  // An earlier file, of whatever mode, is not written into.
  await rm(file, { force: true });
  await writeFile(file, JSON.stringify(variables), { mode: 0o600 });
  return () => rm(file, { force: true });
}

/** The environment, with what it does not say itself from the file; without a file, the environment. */
export function withConnections(data: string, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  try {
    return { ...(JSON.parse(readFileSync(join(data, FILE), 'utf8')) as Record<string, string>), ...env };
  } catch {
    return env;
  }
}
