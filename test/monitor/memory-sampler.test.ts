import { expect, test } from 'vitest';
import type { MachineConfig } from '../../config/types.js';
import { MemorySampler } from '../../monitor/memory-sampler.js';

const MIB = 2 ** 20;
const MACHINE = { name: 'a' } as MachineConfig;
const { signal } = new AbortController();

test.each([
  ['that of the configuration, where nobody else tells', 2048 * MIB, null, 2048],
  ['that of the hypervisor, where nothing is configured', null, 1024 * MIB, 1024],
  ['the lower of both: no guest gets more than it has', 2048 * MIB, 1024 * MIB, 1024],
  ['the lower of both: the guest shall not have all', 512 * MIB, 1024 * MIB, 512],
  ['none, where nobody tells', null, null, null],
])('the limit of memory is %s', async (_which, configured, limitBytes, limit) => {
  const driver = { memoryUse: () => Promise.resolve({ usedBytes: 100 * MIB, limitBytes }) };

  const [reading] = await new MemorySampler(driver, configured).sample(MACHINE, signal);

  expect(reading).toMatchObject({ value: 100, series: { name: 'memory', limit, unit: 'MiB' } });
});

test('of a machine of which nobody tells nothing is said', async () => {
  expect(await new MemorySampler({ memoryUse: () => Promise.resolve(null) }, MIB).sample(MACHINE, signal)).toEqual([]);
});
