// A command in mount and network namespaces of its own: what it starts of libvirt, its network and its guests meets nothing of this
// host's, and needs no rule of its firewall. Whatever is left in them when the command has ended is ended too, so they are gone with it.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { brokenOffWhenTold, hearing } from '../cli/until-told.js';
import { OperatorError } from '../config/operator-error.js';
import { findTemporalCli } from '../embedded/temporal-cli.js';
import type { ImageName } from './content.js';
import { TO_BUILD, TO_RUN } from './debian.js';
import { provideGuests, requirePackages } from './guests.js';

/** Holds the namespaces that the command has left. */
const LEFT = 'VM_REJUV_APART_FROM';
/** What libvirtd writes, other than its sockets' and guests' own files. */
const LIBVIRT_DIRECTORIES = ['/etc/libvirt', '/run/libvirt', '/var/lib/libvirt', '/var/cache/libvirt', '/var/log/libvirt'];
/** It tells its network on descriptor 3 and becomes the command: signals reach that directly. */
const ENTER = [
  'readlink /proc/self/ns/net >&3',
  'exec 3>&-',
  `for directory in ${LIBVIRT_DIRECTORIES.join(' ')}; do mkdir -p "$directory"; mount -t tmpfs tmpfs "$directory"; done`,
  'ip link set lo up',
  'exec "$@"',
].join('; ');

/** Whether this process, or one that has started it, has been started by runApart. */
export function isApart(): boolean {
  const left = process.env[LEFT]?.split(' ') ?? [];
  return left.length === 2 && namespaces().every((own, index) => own !== left[index]);
}

const namespaces = (): string[] => ['mnt', 'net'].map((kind) => readlinkSync(`/proc/self/ns/${kind}`));

/** For what would otherwise change the host's own libvirt. */
export function requireApart(): void {
  if (isApart()) return;
  throw new OperatorError(
    'GUESTS_NOT_APART',
    "Virtual machines are started in namespaces of their own alone, and this process is in the host's.",
    'Start it by npm run demo or npm run test:vm.',
  );
}

/** Provides what must come from elsewhere, as nothing can once the network is left behind. Ctrl-C, SIGTERM and the end of the terminal break it off. */
export async function prepareApart(names: readonly ImageName[], onProgress: (line: string) => void): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new OperatorError('GUESTS_NEED_ROOT', 'Virtual machines and their network are started as root.', 'Use sudo -E.');
  }
  requirePackages(TO_BUILD, TO_RUN);
  await brokenOffWhenTold(async (signal) => {
    await findTemporalCli({ onProgress, signal });
    await provideGuests(names, { onProgress, signal });
  });
}

/** Resolves with the command's exit code. It is told what this process is told. */
export async function runApart(command: readonly string[]): Promise<number> {
  const args = ['--mount', '--net', 'sh', '-ec', ENTER, 'sh', ...command];
  const child: ChildProcess = spawn('unshare', args, {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, [LEFT]: namespaces().join(' ') },
  });
  const network = text(child.stdio[3] as Readable);
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  // A terminal's Ctrl-C reaches it by itself.
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? 1));
  });
  const code = await hearing({ SIGINT: () => undefined, SIGTERM: pass, SIGHUP: pass }, () => ended);
  endAllIn((await network).trim());
  return code;
}

/** Guests are libvirt's, not the command's: of one that was killed they would run on for ever, where nobody sees them. */
function endAllIn(network: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (network !== '' && readlinkSync(`/proc/${pid}/ns/net`) === network) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}
