// The libvirt driver on real guests of Xen 4.17, which runs emulated: by the suite for all drivers, and in what is Xen's own.

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import type { HypervisorDriver } from '../../activities/hypervisor/driver.js';
import type { LibvirtDriverConfig } from '../../config/types.js';
import { virshByHand } from '../fixtures/libvirt-host.js';
import { settled as untilSettled } from '../fixtures/settled.js';
import { useVirshFaults } from '../fixtures/use-virsh-faults.js';
import type { XenGuest } from '../fixtures/xen-guest.js';
import { defineXenGuest } from '../fixtures/xen-guest.js';
import type { XenHost } from '../fixtures/xen-host.js';
import { startXenHost } from '../fixtures/xen-host.js';
import { missingForXen, provideXenImage } from '../fixtures/xen-image.js';
import type { ConformingMachine, FaultyKit } from '../hypervisor/conformance.js';
import { conformance } from '../hypervisor/conformance.js';

const signal = new AbortController().signal;
const missing = missingForXen();
/** For those that ignore what they are asked: libxl waits 60 s for a guest to take a second request, and libvirt is mute meanwhile. */
const SOON_MS = 90_000;
/** A guest boots in 8 s on an idle host. */
const PATIENCE_MS = 240_000;
const BOOTING = { timeout: PATIENCE_MS, interval: 500 };

let host: XenHost;
let ordinary: XenGuest;
const virsh = useVirshFaults(missing);
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  if (missing !== null) return;
  const image = await provideXenImage();
  const started = (host = await startXenHost(image));
  ends.push(() => started.stop());
  ordinary = await defineXenGuest(host, 'ordinary', PATIENCE_MS);
}, 20 * 60_000);

afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** What was asked but to look. */
const asked = async (): Promise<string[]> => (await virsh.asked()).filter((command) => !/^dom(job)?info$/.test(command));

function driverOf({ machine }: XenGuest, change: Partial<LibvirtDriverConfig> = {}): HypervisorDriver {
  return createDriver({ machines: [{ ...machine, driver: { ...machine.driver, ...change } }] });
}

const settled = (guest: XenGuest): Promise<string> => untilSettled(driverOf(guest), BOOTING);

function conforming(guest: XenGuest): ConformingMachine {
  return { driver: () => driverOf(guest), boots: async () => (await guest.boots()).length, settled: () => settled(guest) };
}

async function stubborn(): Promise<XenGuest> {
  const guest = await defineXenGuest(host, 'stubborn', SOON_MS);
  onTestFinished(() => guest.remove());
  return guest;
}

const kit: FaultyKit = {
  machine: async (kind) => conforming(kind === 'ordinary' ? ordinary : await stubborn()),
  faults: virsh.faults,
};

conformance('libvirt with Xen', kit, missing);

describe.skipIf(missing !== null)(`libvirt with Xen${missing === null ? '' : ` (not run: ${missing})`}`, () => {
  test('a guest that hears is rebooted, which makes it another domain', async () => {
    await driverOf(ordinary).start('m', { signal });
    const before = await settled(ordinary);
    const boots = (await ordinary.boots()).length;
    await asked();

    const { incarnation: after } = await driverOf(ordinary).restart('m', { signal, expect: before });

    expect(await asked()).toEqual(['reboot']);
    const [[oldId, oldBoot], [newId, newBoot]] = [before.split('/'), (after ?? '').split('/')];
    expect(Number(newId)).toBeGreaterThan(Number(oldId));
    expect(newBoot).not.toBe(oldBoot);
    await expect.poll(ordinary.boots, BOOTING).toHaveLength(boots + 1);
    expect(await driverOf(ordinary).memoryBytes('m', { signal })).toBe(128 * 1024 * 1024);
  });

  test('a guest in the middle of its reboot is not taken for off', async () => {
    await driverOf(ordinary).start('m', { signal });
    await settled(ordinary);
    const boots = (await ordinary.boots()).length;

    await virshByHand(host.uri, 'reboot', ordinary.machine.driver.domain);
    const powers = new Set<string>();
    for (const end = performance.now() + PATIENCE_MS; (await ordinary.boots()).length === boots && performance.now() < end;) {
      const look = await driverOf(ordinary)
        .status('m', { signal })
        .catch(() => ({ power: 'unknown' }));
      powers.add(look.power);
    }

    await expect.poll(ordinary.boots, BOOTING).toHaveLength(boots + 1);
    expect(powers).toContain('on');
    expect(powers).not.toContain('off');
  });

  test('where only the domain id tells, a restart switches the guest off and on, once', async () => {
    const byDomain = driverOf(ordinary, { incarnation: { type: 'domain' } });
    await byDomain.start('m', { signal });
    await settled(ordinary);
    const { incarnation: before } = await byDomain.status('m', { signal });
    const boots = (await ordinary.boots()).length;

    const after = await byDomain.restart('m', { signal, expect: before ?? '' });

    expect(after.incarnation).toMatch(/^\d+$/);
    expect(after.incarnation).not.toBe(before);
    expect(await byDomain.restart('m', { signal, expect: before ?? '' })).toEqual(after);
    await expect.poll(ordinary.boots, BOOTING).toHaveLength(boots + 1);
  });

  test.each<[string, Partial<LibvirtDriverConfig>, string]>([
    ['a domain that is not there', { domain: 'nowhere' }, 'DOMAIN_UNKNOWN'],
    ['a host without Xen', { uri: 'xen+ssh://127.0.0.1:1/system' }, 'HYPERVISOR_UNREACHABLE'],
  ])('verify tells: %s', async (_what, change, code) => {
    await expect(driverOf(ordinary, change).verify('m', { signal })).rejects.toMatchObject({ code });
  });
});
