// What a guest boots from: Debian's cloud kernel, and an archive of busybox, the modules that it needs and a script.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The power button needs `button` and `evdev`, the network and the guest agent's channel the rest. */
export const BASIC_MODULES = ['virtio_pci', 'virtio_net', 'virtio_console', 'button', 'evdev'] as const;

/** How each of our scripts begins. */
export const INIT_HEAD = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
while read module; do insmod /modules/$module; done < /modules/order
`;

export interface Boot {
  kernel: string;
  initrd: string;
}

export interface InitramfsOptions {
  /** Where `vmlinuz` and `initrd` are written. */
  directory: string;
  /** Of the kernel, as guestKernel() tells it. */
  version: string;
  modules: readonly string[];
  init: string;
  /** Programs of this host that go into /bin, with their libraries. */
  programs?: readonly string[];
}

export async function buildInitramfs(options: InitramfsOptions): Promise<Boot> {
  const { directory, version, modules, init, programs = [] } = options;
  const root = join(directory, 'root');
  for (const folder of ['bin', 'proc', 'sys', 'dev', 'modules', 'lib64']) await mkdir(join(root, folder), { recursive: true });
  const order = await modulesInOrder(version, modules);
  for (const module of order) await copyFile(join('/lib/modules', version, module), join(root, 'modules', basename(module)));
  await writeFile(join(root, 'modules', 'order'), order.map((module) => `${basename(module)}\n`).join(''));
  await copyFile('/bin/busybox', join(root, 'bin', 'busybox'));
  for (const program of programs) await copyWithLibraries(program, join(root, 'bin', basename(program)), root);
  await writeFile(join(root, 'init'), init, { mode: 0o755 });
  const boot = bootIn(directory);
  await copyFile(`/boot/vmlinuz-${version}`, boot.kernel);
  execFileSync('sh', ['-c', 'find . | busybox cpio -o -H newc > "$0" 2>/dev/null', boot.initrd], { cwd: root });
  await rm(root, { recursive: true });
  return boot;
}

export function bootIn(directory: string): Boot {
  return { kernel: join(directory, 'vmlinuz'), initrd: join(directory, 'initrd') };
}

/** Those that a module needs come before it; what the kernel has built in is none. */
async function modulesInOrder(version: string, wanted: readonly string[]): Promise<string[]> {
  const list = (name: string): Promise<string> => readFile(join('/lib/modules', version, name), 'utf8');
  const lines = (await list('modules.dep')).split('\n');
  const builtIn = new Set((await list('modules.builtin')).split('\n').map((path) => basename(path, '.ko')));
  const needs = new Map(lines.map((line) => [line.split(':')[0] ?? '', line.split(': ')[1]?.split(' ') ?? []]));
  const order = new Set<string>();
  const add = (module: string): void => {
    for (const needed of needs.get(module) ?? []) add(needed);
    order.add(module);
  };
  for (const name of wanted.filter((each) => !builtIn.has(each)))
    add([...needs.keys()].find((module) => basename(module) === `${name}.ko`) ?? name);
  return [...order];
}

/** A program of this host, and the libraries that the root does not have. */
export async function copyWithLibraries(program: string, to: string, root: string): Promise<void> {
  await copyFile(program, to);
  const listed = execFileSync('ldd', [program], { encoding: 'utf8' });
  for (const [, library = ''] of listed.matchAll(/(\/\S+) \(0x/g)) {
    if ([library, `/usr${library}`].some((path) => existsSync(join(root, path)))) continue;
    await mkdir(join(root, dirname(library)), { recursive: true });
    await copyFile(library, join(root, library));
  }
}
