// The files of examples/three-vms, from what the demo itself uses. `node dist/demo/three-vms-main.js` writes them.

import { stringify } from 'yaml';
import { networkXml } from '../guests/domain.js';
import { guestXml } from '../guests/guest-host.js';
import { bootIn } from '../guests/initramfs.js';
import type { GuestPlace } from '../guests/layout.js';
import { fromGuests, PORTS, SERVERS, VM_LB } from '../guests/layout.js';
import { settingsOf } from '../guests/machine-disk.js';
import { startProxyBy } from './guest-proxy.js';
import { START_TOMCAT, tomcatGuestPool } from './guest-shop.js';

/** Where libvirt's own images are, which QEMU's account can read. */
const DIRECTORY = '/var/lib/libvirt/images/vm-rejuv';
const DATABASE_URL = 'postgres://vm_rejuv:PASSWORD@127.0.0.1:5432/vm_rejuv';

/** Text of each file by its name. */
export function threeVms(): Record<string, string> {
  const guest = (place: GuestPlace, image: string, start: string): Record<string, string> => ({
    [`${place.name}.xml`]: guestXml(place, {
      ...{ type: 'kvm', boot: bootIn(DIRECTORY), image: `${DIRECTORY}/${image}.img` },
      ...{ disk: `${DIRECTORY}/${place.name}.tar`, console: `/var/log/libvirt/qemu/${place.name}.console` },
    }),
    [`${place.name}/machine`]: settingsOf(place),
    [`${place.name}/start`]: start,
  });
  return {
    'network.xml': networkXml(),
    ...guest(VM_LB, 'proxy', startProxyBy(fromGuests(DATABASE_URL), 'TOKEN')),
    ...guest(SERVERS[0], 'tomcat', START_TOMCAT),
    ...guest(SERVERS[1], 'tomcat', START_TOMCAT),
    'vm-rejuv.yaml': stringify({
      proxy: { name: VM_LB.name, listen: `${VM_LB.address}:${PORTS.proxy}`, admin: `${VM_LB.address}:${PORTS.admin}` },
      temporal: { address: '127.0.0.1:7233' },
      pools: { shop: tomcatGuestPool(DATABASE_URL, '').pool },
    }),
  };
}
