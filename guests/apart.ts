// A command in mount and network namespaces of its own: what it starts of libvirt, its network and its guests meets nothing of this
// host's, and needs no rule of its firewall. The namespaces are gone with the last process in them.

import { spawn } from 'node:child_process';
import { OperatorError } from '../config/operator-error.js';
import { findTemporalCli } from '../embedded/temporal-cli.js';
import type { ImageName } from './content.js';
import { TO_BUILD, TO_RUN } from './debian.js';
import { provideGuests, requirePackages } from './guests.js';

const MARK = 'VM_REJUV_APART';
/** What libvirtd writes, other than its sockets' and guests' own files. */
const LIBVIRT_DIRECTORIES = ['/etc/libvirt', '/run/libvirt', '/var/lib/libvirt', '/var/cache/libvirt', '/var/log/libvirt'];
/** It becomes the command: signals reach that directly. */
const ENTER = [
  `for directory in ${LIBVIRT_DIRECTORIES.join(' ')}; do mkdir -p "$directory"; mount -t tmpfs tmpfs "$directory"; done`,
  'ip link set lo up',
  'exec "$@"',
].join('; ');

export function isApart(): boolean {
  return process.env[MARK] === '1';
}

/** Provides what must come from elsewhere, as nothing can once the network is left behind. Ctrl-C and SIGTERM break it off. */
export async function prepareApart(names: readonly ImageName[], onProgress: (line: string) => void): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new OperatorError('GUESTS_NEED_ROOT', 'Virtual machines and their network are started as root.', 'Use sudo -E.');
  }
  requirePackages(TO_BUILD, TO_RUN);
  const stop = new AbortController();
  const abort = (): void => stop.abort(new Error('Ended on request.'));
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, abort);
  try {
    await findTemporalCli({ onProgress, signal: stop.signal });
    await provideGuests(names, { onProgress, signal: stop.signal });
  } finally {
    for (const signal of signals) process.off(signal, abort);
  }
}

/** Resolves with the command's exit code. It is told what this process is told. */
export async function runApart(command: readonly string[]): Promise<number> {
  const args = ['--mount', '--net', 'sh', '-ec', ENTER, 'sh', ...command];
  const child = spawn('unshare', args, { stdio: 'inherit', env: { ...process.env, [MARK]: '1' } });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  // A terminal's Ctrl-C reaches it by itself.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
