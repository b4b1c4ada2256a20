// The libvirt driver on real containers of LXC, by the suite for all drivers.

import { expect, onTestFinished } from 'vitest';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import type { HypervisorDriver } from '../../activities/hypervisor/driver.js';
import { defineContainer } from '../fixtures/container.js';
import { missingForContainers } from '../fixtures/libvirt-host.js';
import { useVirshFaults } from '../fixtures/use-virsh-faults.js';
import { conformance } from '../hypervisor/conformance.js';

const signal = new AbortController().signal;
const missing = missingForContainers();
const STOP_TIMEOUT_MS = { ordinary: 180_000, stubborn: 5000 };
const BOOTING = { timeout: 180_000, interval: 200 };

const { faults } = useVirshFaults(missing);

conformance(
  'libvirt with LXC',
  {
    faults,
    machine: async (kind) => {
      const container = await defineContainer(kind, STOP_TIMEOUT_MS[kind]);
      onTestFinished(() => container.remove());
      const driver = (): HypervisorDriver => createDriver({ machines: [container.machine] });
      return {
        driver,
        boots: async () => (await container.boots()).length,
        settled: async () => {
          await expect.poll(container.isUp, BOOTING).toBe(true);
          return (await driver().status('m', { signal })).incarnation ?? '';
        },
      };
    },
  },
  missing,
);
