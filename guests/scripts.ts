// What runs in a guest before and beside its application.

import { INIT_HEAD } from './initramfs.js';

/** A guest that only proves that it boots says so on its console. */
export const PROBE = 'vm-rejuv-probe';
export const PROBE_SAYS = 'vm-rejuv-guest-boots';

/** What the initramfs does: it hands over to the image on the first disk. */
export const BOOT_SCRIPT = `${INIT_HEAD}
if grep -q -w ${PROBE} /proc/cmdline; then echo ${PROBE_SAYS} > /dev/ttyS0; poweroff -f; fi
mkdir /image
while ! mount -t ext4 -o ro /dev/vda /image; do sleep 0.1; done
for folder in proc sys dev; do mount --move /$folder /image/$folder; done
exec switch_root /image /sbin/init
`;

/**
 * The image's first process. The image is shared and read-only; what is a machine's own comes as a tar archive on the second disk:
 * `machine`, which sets NAME and ADDRESS, and `start`, the application. Nothing that a guest writes outlives its boot.
 * Somebody has to read each input device: without that, nobody hears the power button.
 */
export const GUEST_INIT = `#!/bin/busybox sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/srv
for folder in srv tmp run var/tmp; do mount -t tmpfs tmpfs /$folder; done
tar -x -f /dev/vdb -C /srv
. /srv/machine
hostname "$NAME"
ip link set lo up; ip link set eth0 up; ip addr add "$ADDRESS" dev eth0
qemu-ga -m virtio-serial -p "$(echo /dev/vport*p1)" -t /run -f /run/qemu-ga.pid -d
echo "booted $(cat /proc/sys/kernel/random/boot_id)" > /dev/ttyS0
cd /srv
sh /srv/start > /dev/ttyS0 2>&1 &
application=$!
for device in /dev/input/event*; do
  (head -c 24 "$device" > /dev/null; touch /run/ending; kill "$application"; sleep 30; poweroff -f) &
done
wait "$application"
echo "the application ended with $?" > /dev/ttyS0
if [ -e /run/ending ]; then poweroff -f; fi
while :; do wait; sleep 1; done
`;
