// Where big builds and downloads live: outside the repository, shared by all clones.

import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

const TICK_MS = 10_000;

/** VM_REJUV_CACHE, else the XDG cache directory (XDG Base Directory Specification), else ~/.cache, plus `vm-rejuv`. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return env['VM_REJUV_CACHE'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'vm-rejuv');
}

export interface Provision {
  /** What takes so long, and why. */
  purpose: string;
  onProgress: (line: string) => void;
  fill: (target: string) => Promise<void>;
}

/**
 * The path of a directory of the cache, which is filled first where it is missing: beside its place, then moved there whole, so that
 * a process that is ended leaves nothing half done behind.
 */
export async function provideCached(name: string, { purpose, onProgress, fill }: Provision): Promise<string> {
  const directory = join(cacheDirectory(), name);
  if (existsSync(directory)) return directory;
  await mkdir(cacheDirectory(), { recursive: true });
  const target = await mkdtemp(`${directory}-`);
  onProgress(`${purpose}, once, cached outside the repository`);
  const started = Date.now();
  const ticker = setInterval(() => onProgress(`  still at it (${Math.round((Date.now() - started) / 1000)} s)`), TICK_MS);
  try {
    await fill(target);
    // mkdtemp's are their owner's alone; what root has filled in a user's cache is for that user too.
    await chmod(target, 0o755);
    await rename(target, directory).catch((error: unknown) => {
      // Somebody else has done the same meanwhile.
      if (!existsSync(directory)) throw error;
    });
    return directory;
  } finally {
    clearInterval(ticker);
    await rm(target, { recursive: true, force: true });
  }
}
