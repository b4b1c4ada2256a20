// What guests need of this host: programs, told by the Debian packages that bring them, and a kernel.

import { accessSync, existsSync, readdirSync } from 'node:fs';

/** Debian packages, and how to see that they are there. */
export type Parts = Readonly<Record<string, () => boolean>>;

export const KERNEL_AND_BUSYBOX: Parts = {
  'busybox-static': () => existsSync('/bin/busybox'),
  'linux-image-cloud-amd64': () => guestKernel() !== undefined,
};

/** To build images. */
export const TO_BUILD: Parts = {
  ...KERNEL_AND_BUSYBOX,
  mmdebstrap: () => existsSync('/usr/bin/mmdebstrap'),
  'debian-archive-keyring': () => existsSync('/usr/share/keyrings/debian-archive-keyring.gpg'),
  e2fsprogs: () => existsSync('/sbin/mke2fs'),
  'qemu-system-x86': () => existsSync('/usr/bin/qemu-system-x86_64'),
};

/** To run them in domains of libvirt. */
export const TO_RUN: Parts = {
  'libvirt-daemon-system': () => existsSync('/usr/sbin/libvirtd'),
  'libvirt-clients': () => existsSync('/usr/bin/virsh'),
  'qemu-system-x86': () => existsSync('/usr/bin/qemu-system-x86_64'),
  iproute2: () => existsSync('/bin/ip') || existsSync('/sbin/ip'),
  iptables: () => existsSync('/usr/sbin/iptables'),
};

/** The command that installs what is missing, or null. */
export function missingPackages(...parts: readonly Parts[]): string | null {
  const names = new Set(parts.flatMap(Object.entries<() => boolean>).flatMap(([name, isThere]) => (isThere() ? [] : [name])));
  return names.size === 0 ? null : `apt-get install --no-install-recommends ${[...names].join(' ')}`;
}

/** Version of the newest cloud kernel that is readable and has its modules. */
export function guestKernel(): string | undefined {
  const versions = existsSync('/lib/modules') ? readdirSync('/lib/modules') : [];
  return versions
    .filter((version) => version.endsWith('cloud-amd64') && isReadable(`/boot/vmlinuz-${version}`))
    .sort()
    .at(-1);
}

function isReadable(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}
