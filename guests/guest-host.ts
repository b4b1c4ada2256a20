// This host as the one that runs the guests: libvirt, their network, and what defines a machine of it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CMDLINE } from './boot.js';
import type { ImageName } from './content.js';
import type { Accelerator } from './domain.js';
import { domainXml } from './domain.js';
import type { Guests } from './guests.js';
import type { Boot } from './initramfs.js';
import type { GuestPlace } from './layout.js';
import { writeMachineDisk } from './machine-disk.js';
import { startOwnLibvirt, URI } from './own-libvirt.js';

/** An emulated Tomcat goes down and comes up again in half a minute; on two loaded cores it takes several times as long. Chosen. */
const STOP_TIMEOUT_MS = 120_000;

/** Of an error's trace, and what came before it. */
const LAST_LINES = 15;

export interface GuestFiles {
  type: Accelerator;
  boot: Boot;
  image: string;
  disk: string;
  console: string;
}

export interface GuestHost {
  /** Where a guest's files are gathered: they appear in its /srv. */
  filesOf(place: GuestPlace): string;
  /** Defines a guest that is off; resolves with its `driver` as vm-rejuv.yaml spells it. */
  define(place: GuestPlace, image: ImageName, start: string): Promise<Record<string, unknown>>;
  /** The end of what a guest has written to its console. */
  lastWordsOf(place: GuestPlace): Promise<string>;
  /** Ends the guests and libvirt. */
  close(): Promise<void>;
}

export async function startGuestHost(guests: Guests, directory: string): Promise<GuestHost> {
  const libvirt = await startOwnLibvirt(join(directory, 'libvirt'));
  const filesOf = ({ name }: GuestPlace): string => join(directory, name);
  const consoleOf = ({ name }: GuestPlace): string => join(directory, `${name}.console`);
  return {
    filesOf,
    async define(place, image, start) {
      const disk = await writeMachineDisk({ place, directory: filesOf(place), start });
      const files = { image: guests.images[image] ?? '', disk, console: consoleOf(place) };
      await libvirt.define(place.name, guestXml(place, { type: guests.accelerator, boot: guests.boot, ...files }));
      return driverOf(place);
    },
    async lastWordsOf(place) {
      const said = await readFile(consoleOf(place), 'utf8').catch(() => '');
      return said.trim().split('\n').slice(-LAST_LINES).join('\n');
    },
    close: () => libvirt.close(),
  };
}

/** A guest's domain: its image and what is its own as disks, on the guests' network. */
export function guestXml(place: GuestPlace, { type, boot, image, disk, console }: GuestFiles): string {
  return domainXml({
    ...{ ...place, type, boot, cmdline: CMDLINE, console, disks: [image, disk] },
    network: { type: 'network', mac: place.mac },
  });
}

/** Its boot id is told by QEMU's guest agent, which is the driver's default. */
export function driverOf({ name }: GuestPlace): Record<string, unknown> {
  return { type: 'libvirt', uri: URI, domain: name, stopTimeoutMs: STOP_TIMEOUT_MS };
}
