// Local processes, by the suite for all drivers; and drivers that are careless with them, which it must tell.

import { expect, test } from 'vitest';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import type { HypervisorDriver } from '../../activities/hypervisor/driver.js';
import { createMachine, SERVER, SIGNAL, STUBBORN } from '../fixtures/machine.js';
import type { Kit } from './conformance.js';
import { behaviours, conformance } from './conformance.js';

/** So that what is ignored is soon forced; what ends by itself does so at once. */
const STOP_TIMEOUT_MS = 2000;

const processes = (change: (driver: HypervisorDriver) => Partial<HypervisorDriver> = () => ({})): Kit => ({
  machine: async (kind) => {
    const { machine, output } = await createMachine(kind === 'stubborn' ? STUBBORN : SERVER, { stopTimeoutMs: STOP_TIMEOUT_MS });
    const driver = (): HypervisorDriver => {
      const own = createDriver({ machines: [machine] });
      return { ...own, ...change(own) };
    };
    return {
      driver,
      boots: async () => (await output()).length,
      settled: async () => {
        // Before it says that it has started, it has its incarnation already.
        const isUp = async (): Promise<boolean> => (await driver().status('m', { signal: SIGNAL })).power === 'on';
        await expect.poll(isUp).toBe(true);
        await expect.poll(output).not.toEqual([]);
        return (await driver().status('m', { signal: SIGNAL })).incarnation ?? '';
      },
    };
  },
});

conformance('process', processes());

const CARELESS: [keyof typeof behaviours, string, (driver: HypervisorDriver) => Partial<HypervisorDriver>][] = [
  [
    'restarted however often and at once from one incarnation, the machine boots once more',
    'restarts whatever runs',
    (driver) => ({
      restart: async (machine, options) => {
        await driver.stop(machine, options);
        return driver.start(machine, options);
      },
    }),
  ],
  [
    'a machine that is off is restarted by starting it',
    'believes that it has restarted it',
    (driver) => ({ restart: (machine, options) => driver.status(machine, options) }),
  ],
  ['stopped however often and at once, the machine is off', 'does not stop it', () => ({ stop: () => Promise.resolve() })],
  [
    'who may no longer act changes nothing, and gets to know why',
    'does not ask whether it may',
    (driver) => ({ stop: (machine, { signal }) => driver.stop(machine, { signal }) }),
  ],
  [
    'a machine that nobody has configured is MACHINE_UNKNOWN',
    'takes any name for its own',
    (driver) => ({ status: (_machine, options) => driver.status('m', options) }),
  ],
];

test.each(CARELESS)('the suite tells a driver that fails it: %s (one that %s)', async (behaviour, _how, change) => {
  await expect(behaviours[behaviour](processes(change))).rejects.toThrow();
});
