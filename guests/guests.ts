// Everything that guests need on this host: provided before anything is started.

import { OperatorError } from '../config/operator-error.js';
import { kvmWorks, provideBoot } from './boot.js';
import type { ImageName } from './content.js';
import { contentOf } from './content.js';
import type { Parts } from './debian.js';
import { missingPackages } from './debian.js';
import type { Accelerator } from './domain.js';
import type { ImageOptions } from './image.js';
import { provideImage } from './image.js';
import type { Boot } from './initramfs.js';

export interface Guests {
  boot: Boot;
  accelerator: Accelerator;
  /** Paths of the images. */
  images: Partial<Record<ImageName, string>>;
}

/** GUEST_PACKAGES_MISSING names the Debian packages that are, and how to install them. */
export function requirePackages(...parts: readonly Parts[]): void {
  const install = missingPackages(...parts);
  if (install === null) return;
  throw new OperatorError(
    'GUEST_PACKAGES_MISSING',
    'Virtual machines need Debian packages that are not there.',
    `As root: ${install}`,
  );
}

/** Builds what the cache does not have. */
export async function provideGuests(names: readonly ImageName[], options: ImageOptions): Promise<Guests> {
  const boot = await provideBoot(options);
  const accelerator = (await kvmWorks(boot, options.signal)) ? 'kvm' : 'qemu';
  const images: Guests['images'] = {};
  for (const name of names) images[name] = await provideImage(await contentOf(name, options), options);
  return { boot, accelerator, images };
}
