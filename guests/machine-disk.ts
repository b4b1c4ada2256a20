// What a guest has for itself: a tar archive that it sees as its second disk.

import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runToEnd } from '../embedded/child-process.js';
import type { GuestPlace } from './layout.js';
import { NETWORK } from './layout.js';

const LIMIT_MS = 60_000;

export interface MachineDisk {
  place: GuestPlace;
  /** Its files; they appear in the guest's /srv. */
  directory: string;
  /** Shell that becomes the guest's application, with /srv as its working directory. */
  start: string;
}

/** Path of the archive. Guests read it at each boot, so what is changed in it counts from the next one on. */
export async function writeMachineDisk({ place, directory, start }: MachineDisk): Promise<string> {
  // They hold passwords.
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o700);
  await writeFile(join(directory, 'machine'), settingsOf(place));
  await writeFile(join(directory, 'start'), start);
  const file = `${directory}.tar`;
  await writeFile(file, '', { mode: 0o600 });
  await runToEnd('tar', ['-c', '-f', file, '-C', directory, '.'], { timeoutMs: LIMIT_MS });
  return file;
}

/** What the guest's first process reads. */
export function settingsOf({ name, address }: GuestPlace): string {
  return `NAME=${name}\nADDRESS=${address}/${NETWORK.prefix}\n`;
}
