// The host of the demo's virtual machines, with the images that they need.

import { rm } from 'node:fs/promises';
import type { Closing } from '../embedded/closing.js';
import { makeTemporaryDirectory } from '../embedded/servers.js';
import type { GuestHost } from '../guests/guest-host.js';
import { startGuestHost } from '../guests/guest-host.js';
import { provideGuests } from '../guests/guests.js';
import type { ImageOptions } from '../guests/image.js';
import type { DemoOptions } from './options.js';

/** Last to end: it has the network that PostgreSQL listens on. */
export async function startHostFor(app: DemoOptions['app'], options: ImageOptions, closing: Closing): Promise<GuestHost> {
  const guests = await provideGuests([app, 'proxy'], options);
  options.onProgress(
    `Starting libvirt; guests run ${guests.accelerator === 'kvm' ? 'on KVM' : 'emulated, as none boots on KVM here'}`,
  );
  const directory = await makeTemporaryDirectory('guests');
  closing.add(() => rm(directory, { recursive: true, force: true }));
  const host = await startGuestHost(guests, directory);
  closing.add(() => host.close());
  return host;
}
