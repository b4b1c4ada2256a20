// The guests' images: a file system of Debian's packages and one application, built once into the cache.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperatorError } from '../config/operator-error.js';
import { provideCached } from '../embedded/cache.js';
import { runToEnd } from '../embedded/child-process.js';
import { copyWithLibraries } from './initramfs.js';
import type { Content } from './content.js';
import { GUEST_INIT } from './scripts.js';

export interface ImageOptions {
  onProgress: (line: string) => void;
  signal: AbortSignal;
}

/** Debian 12: the release whose packages fill the images. */
const SUITE = 'bookworm';
/** Each image has busybox for its shell and the agent that tells the boot id. */
const ALWAYS = ['busybox-static', 'qemu-guest-agent'] as const;
const BUILD_TIMEOUT_MS = 15 * 60_000;
/** mke2fs needs room for its own tables. Chosen. */
const ROOM_SHARE = 1.15;
const ROOM_MIB = 16;
/** What no application reads. */
const SUPERFLUOUS = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/info',
  'usr/share/lintian',
  'var/cache/apt',
  'var/lib/apt',
];

/** Path of the image, which is read-only: any number of guests may share it. GUEST_BUILD_FAILED says why there is none. */
export async function provideImage(content: Content, { onProgress, signal }: ImageOptions): Promise<string> {
  const inputs = createHash('sha256').update(JSON.stringify([SUITE, ALWAYS, content.packages, content.version, GUEST_INIT]));
  const directory = await provideCached(`guest-${content.name}-${inputs.digest('hex').slice(0, 16)}`, {
    purpose: `Building the image of the guest ${content.name} from packages of Debian ${SUITE}: some seconds to a minute`,
    onProgress,
    fill: async (target) => {
      try {
        await build(target, content, signal);
      } catch (cause) {
        signal.throwIfAborted();
        throw new OperatorError(
          'GUEST_BUILD_FAILED',
          `The image of the guest ${content.name} could not be built: ${cause instanceof Error ? cause.message : String(cause)}`,
          "Run it as root on Debian, where apt reaches Debian's packages.",
          { cause },
        );
      }
    },
  });
  return join(directory, 'root.img');
}

async function build(target: string, content: Content, signal: AbortSignal): Promise<void> {
  const limits = { timeoutMs: BUILD_TIMEOUT_MS, signal };
  const [archive, root, image] = ['root.tar', 'root', 'root.img'].map((name) => join(target, name)) as [string, string, string];
  const include = [...ALWAYS, ...content.packages].join(',');
  // The packages are unpacked and not configured: nothing of them has to run before the guest does.
  await runToEnd('mmdebstrap', ['--quiet', '--variant=extract', `--include=${include}`, SUITE, archive], limits);
  await mkdir(root);
  await runToEnd('tar', ['-x', '-f', archive, '-C', root, '--no-same-owner', '--exclude=./dev/*'], limits);
  for (const path of [archive, ...SUPERFLUOUS.map((path) => join(root, path))]) await rm(path, { recursive: true, force: true });
  for (const folder of ['proc', 'sys', 'dev', 'srv', 'tmp', 'run', 'var/tmp', 'sbin'])
    await mkdir(join(root, folder), { recursive: true });
  // What Debian brings stays; busybox stands in for the rest.
  const applets = 'for name in $(/bin/busybox --list); do [ -e "$0/bin/$name" ] || ln -s busybox "$0/bin/$name"; done';
  await runToEnd('sh', ['-c', applets, root], limits);
  for (const [from, to] of content.files) {
    await mkdir(dirname(join(root, to)), { recursive: true });
    await cp(from, join(root, to), { recursive: true, dereference: true });
  }
  for (const program of content.programs) await copyWithLibraries(program, join(root, 'bin', 'node'), root);
  await rm(join(root, 'sbin', 'init'), { force: true });
  await writeFile(join(root, 'sbin', 'init'), GUEST_INIT, { mode: 0o755 });
  const usedKiB = Number(execFileSync('du', ['-s', '-k', '--apparent-size', root], { encoding: 'utf8' }).split('\t')[0]);
  const sizeMiB = Math.ceil((usedKiB / 1024) * ROOM_SHARE) + ROOM_MIB;
  const files = ['-T', 'default', '-i', '8192', '-O', '^has_journal', '-E', 'root_owner=0:0', '-d', root];
  await runToEnd('/sbin/mke2fs', ['-q', '-t', 'ext4', ...files, image, `${sizeMiB}M`], limits);
  await rm(root, { recursive: true });
}
