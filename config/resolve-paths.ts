// Relative paths of vm-rejuv.yaml, which are relative to the file that names them.

import { resolve } from 'node:path';
import { resolveLibertyPaths } from './liberty-schema.js';
import type { MachineFile } from './machine-schema.js';
import type { ConfigFile } from './schema.js';

/** Changes `file`; `base` is the directory that it is in. */
export function resolvePaths(file: ConfigFile, base: string): ConfigFile {
  for (const { machines, sessions } of Object.values(file.pools)) {
    if (sessions.mechanism === 'liberty') resolveLibertyPaths(sessions, base);
    for (const machine of machines) {
      resolveDriverPaths(machine.driver, base);
      if (machine.sessionDirectory !== undefined) machine.sessionDirectory = resolve(base, machine.sessionDirectory);
    }
  }
  return file;
}

function resolveDriverPaths(own: MachineFile['driver'], base: string): void {
  if (own.type === 'process') {
    own.cwd = resolve(base, own.cwd);
    own.stateDirectory = resolve(base, own.stateDirectory);
    return;
  }
  if (own.type === 'vsphere' && own.caFile !== null) own.caFile = resolve(base, own.caFile);
  if (own.incarnation.type !== 'ssh') return;
  for (const field of ['identityFile', 'knownHostsFile'] as const)
    if (own.incarnation[field] !== null) own.incarnation[field] = resolve(base, own.incarnation[field]);
}
