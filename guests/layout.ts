// The three machines and the host that runs them: one table for the demo, its tests and examples/three-vms.

export interface GuestPlace {
  /** Also its domain's. */
  name: string;
  address: string;
  mac: string;
  memoryMiB: number;
  vcpus: number;
}

/** Static, as nobody but libvirt's bridge and these guests is on that network: no DHCP and no DNS. */
export const NETWORK = {
  name: 'vm-rejuv',
  bridge: 'vm-rejuv0',
  address: '10.77.0.1',
  netmask: '255.255.255.0',
  prefix: 24,
  subnet: '10.77.0.0/24',
} as const;

const place = (name: string, host: number, memoryMiB: number, vcpus: number): GuestPlace => ({
  ...{ name, address: `10.77.0.${host}`, mac: `52:54:00:4d:00:${host.toString(16).padStart(2, '0')}` },
  ...{ memoryMiB, vcpus },
});

export const VM_LB = place('vm-lb', 10, 512, 1);
/** Active and standby. */
export const SERVERS = [place('tomcat-a', 11, 512, 2), place('tomcat-b', 12, 512, 2)] as const;

/** What the guests listen on. */
export const PORTS = { application: 8080, proxy: 8080, admin: 8081 } as const;

/** A server of the host, as its guests see it. */
export function fromGuests(urlOnHost: string): string {
  const url = new URL(urlOnHost);
  url.hostname = NETWORK.address;
  return url.href;
}
