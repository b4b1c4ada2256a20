// What libvirt is told of guests and their network.

import type { Boot } from './initramfs.js';
import { NETWORK } from './layout.js';

export type Accelerator = 'kvm' | 'qemu';

export interface Domain {
  name: string;
  uuid?: string;
  type: Accelerator;
  memoryMiB: number;
  vcpus: number;
  boot: Boot;
  cmdline: string;
  /** Where its console is written. */
  console: string;
  /** Raw images, read-only. */
  disks?: readonly string[];
  /** An overlay of an image, in qcow2, which is its first disk and may be written to. */
  overlay?: string;
  network:
    | { type: 'network'; mac: string }
    /** QEMU's own in user mode, with port 80 at this port of the host's loopback. */
    | { type: 'user'; port: number };
}

export function domainXml(domain: Domain): string {
  const { name, uuid, type, memoryMiB, vcpus, boot, cmdline, console, disks = [], overlay, network } = domain;
  const isUser = network.type === 'user';
  const cpu = type === 'kvm' ? "<cpu mode='host-passthrough'/>" : "<cpu mode='custom' match='exact'><model>qemu64</model></cpu>";
  const drives = [
    ...(overlay === undefined ? [] : [{ file: overlay, format: 'qcow2', more: '' }]),
    ...disks.map((file) => ({ file, format: 'raw', more: '<readonly/><shareable/>' })),
  ];
  return `<domain type='${type}'${isUser ? " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'" : ''}>
  <name>${name}</name>${uuid === undefined ? '' : `<uuid>${uuid}</uuid>`}
  <memory unit='MiB'>${memoryMiB}</memory><vcpu>${vcpus}</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>${boot.kernel}</kernel><initrd>${boot.initrd}</initrd>
    <cmdline>${cmdline}</cmdline>
  </os>
  <features><acpi/></features>
  ${cpu}
  <on_reboot>restart</on_reboot>
  <devices>
${drives.map(diskXml).join('')}${isUser ? '' : interfaceXml(network.mac)}    <serial type='file'><source path='${console}' append='on'/><target port='0'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <controller type='usb' model='none'/><memballoon model='none'/>
  </devices>
${isUser ? userNetworkXml(network.port) : ''}</domain>
`;
}

interface Drive {
  file: string;
  format: string;
  more: string;
}

function diskXml({ file, format, more }: Drive, index: number): string {
  const target = `vd${String.fromCharCode('a'.charCodeAt(0) + index)}`;
  return `    <disk type='file' device='disk'>
      <driver name='qemu' type='${format}'/><source file='${file}'/><target dev='${target}' bus='virtio'/>${more}
    </disk>
`;
}

function interfaceXml(mac: string): string {
  return `    <interface type='network'><mac address='${mac}'/><source network='${NETWORK.name}'/><model type='virtio'/></interface>
`;
}

function userNetworkXml(port: number): string {
  return `  <qemu:commandline>
    <qemu:arg value='-netdev'/><qemu:arg value='user,id=net0,hostfwd=tcp:127.0.0.1:${port}-:80'/>
    <qemu:arg value='-device'/><qemu:arg value='virtio-net-pci,netdev=net0,addr=0x10'/>
  </qemu:commandline>
`;
}

/** Isolated: no way out, no DHCP, no DNS; guests have static addresses. */
export function networkXml(): string {
  return `<network>
  <name>${NETWORK.name}</name>
  <bridge name='${NETWORK.bridge}' stp='off' delay='0'/>
  <dns enable='no'/>
  <ip address='${NETWORK.address}' netmask='${NETWORK.netmask}'/>
</network>
`;
}
