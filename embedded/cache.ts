// Where big builds and downloads live: outside the repository, shared by all clones.

import { homedir } from 'node:os';
import { join } from 'node:path';

/** VM_REJUV_CACHE, else the XDG cache directory (XDG Base Directory Specification), else ~/.cache, plus `vm-rejuv`. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return env['VM_REJUV_CACHE'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'vm-rejuv');
}
