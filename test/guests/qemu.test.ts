// The libvirt driver on real guests of QEMU, emulated, by the suite for all drivers.

import type { Guest } from '../fixtures/guest.js';
import { driverOf, settled, useGuests } from '../fixtures/guests-under-libvirt.js';
import { missingForGuests } from '../fixtures/libvirt-host.js';
import type { ConformingMachine } from '../hypervisor/conformance.js';
import { conformance } from '../hypervisor/conformance.js';

const missing = missingForGuests();
/** For those that ignore what they are asked, where nothing depends on how soon they boot. */
const SOON_MS = 5000;

const { faults, shared, define } = useGuests(missing);

function conforming(guest: Guest): ConformingMachine {
  return { driver: () => driverOf(guest), boots: async () => (await guest.boots()).length, settled: () => settled(guest) };
}

conformance(
  'libvirt with QEMU',
  {
    faults,
    machine: async (kind) =>
      conforming(kind === 'ordinary' ? await shared() : await define({ stubborn: true, driver: { stopTimeoutMs: SOON_MS } })),
  },
  missing,
);
