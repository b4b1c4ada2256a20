// Kernel and initramfs of the images, built once into the cache, and whether this host's KVM runs them.

import { createHash } from 'node:crypto';
import { runTool } from '../activities/hypervisor/run-tool.js';
import { provideCached } from '../embedded/cache.js';
import { guestKernel } from './debian.js';
import type { ImageOptions } from './image.js';
import type { Boot } from './initramfs.js';
import { BASIC_MODULES, bootIn, buildInitramfs } from './initramfs.js';
import { BOOT_SCRIPT, PROBE, PROBE_SAYS } from './scripts.js';

/** The first disk and its file system. */
const MODULES = [...BASIC_MODULES, 'virtio_blk', 'ext4'];
/** With KVM such a guest takes about a second; a host on which it takes ten has none that is of use. Chosen. */
const KVM_LIMIT_MS = 10_000;

export const CMDLINE = 'console=ttyS0 quiet tsc=reliable no_timer_check random.trust_cpu=on';

export async function provideBoot({ onProgress }: ImageOptions): Promise<Boot> {
  const version = guestKernel() ?? '';
  const inputs = createHash('sha256').update(JSON.stringify([version, MODULES, BOOT_SCRIPT]));
  const directory = await provideCached(`guest-boot-${inputs.digest('hex').slice(0, 16)}`, {
    purpose: `Taking kernel ${version} for guests`,
    onProgress,
    fill: async (target) => void (await buildInitramfs({ directory: target, version, modules: MODULES, init: BOOT_SCRIPT })),
  });
  return bootIn(directory);
}

/** Whether a guest really boots on KVM: there may be a /dev/kvm on which none does. */
export async function kvmWorks({ kernel, initrd }: Boot, signal: AbortSignal): Promise<boolean> {
  const machine = ['-accel', 'kvm', '-cpu', 'host', '-machine', 'q35', '-m', '256', '-nodefaults', '-no-reboot'];
  const output = ['-display', 'none', '-serial', 'stdio'];
  const system = ['-kernel', kernel, '-initrd', initrd, '-append', `${CMDLINE} ${PROBE}`];
  const seen = runTool('/usr/bin/qemu-system-x86_64', [...machine, ...output, ...system], KVM_LIMIT_MS, signal);
  return seen.then(
    ({ stdout }) => stdout.includes(PROBE_SAYS),
    () => {
      signal.throwIfAborted();
      return false;
    },
  );
}
