// How others on this host find what `vm-rejuv up` runs: a file in its data directory, there while it runs. Commands read it by
// themselves (--data), shells by `set -a; . FILE; set +a`.

import { readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const DATA_DIRECTORY = 'vm-rejuv-data';
const FILE = 'vm-rejuv.env';
/** What else than to name them helps who needs the servers of an `up`; ends a sentence. */
export const OF_UP = 'take those of a running "vm-rejuv up" of this host: set -a; . DATA/vm-rejuv.env; set +a';

/** Writes the variables for those who may read this user's files. Resolves with the file and with what removes it. */
export async function publishConnections(
  data: string,
  variables: Record<string, string>,
): Promise<{ file: string; withdraw: () => Promise<void> }> {
  const file = join(data, FILE);
  const lines = Object.entries(variables).map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`);
  await writePrivately(file, lines.join(''));
  return { file, withdraw: () => rm(file, { force: true }) };
}

/** The environment, with what it does not say itself from the file; without a file, the environment. An empty variable says nothing. */
export function withConnections(data: string, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  let text: string;
  try {
    text = readFileSync(join(data, FILE), 'utf8');
  } catch {
    return env;
  }
  const published = [...text.matchAll(/^(\w+)='(.*)'$/gm)].map(([, name = '', value = '']) => [
    name,
    value.replaceAll(`'\\''`, "'"),
  ]);
  return { ...env, ...(Object.fromEntries(published.filter(([name = '']) => !env[name])) as Record<string, string>) };
}

/** A file for this account only, whole or not at all. An earlier one, of whatever mode, is not written into. */
export async function writePrivately(file: string, text: string): Promise<void> {
  await rm(`${file}.new`, { force: true });
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
