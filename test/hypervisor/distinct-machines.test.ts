import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import { DistinctMachines } from '../../activities/hypervisor/distinct-machines.js';
import { createMachine, SERVER, SIGNAL } from '../fixtures/machine.js';

test('one machine that two pools name is told, though its names differ, and two machines are not', async () => {
  const { machine, driver } = await createMachine(SERVER);
  await driver.start('m', { signal: SIGNAL });
  const directory = await mkdtemp(join(tmpdir(), 'vm-rejuv-link-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const link = join(directory, 'state');
  await symlink(machine.driver.stateDirectory, link);
  const same = createDriver({ machines: [{ ...machine, driver: { ...machine.driver, stateDirectory: link } }] });
  const another = createDriver({ machines: [{ ...machine, name: 'other' }] });
  const machines = new DistinctMachines();
  const options = { signal: SIGNAL };

  await machines.add(driver, 'shop', 'm', options);
  await machines.add(another, 'shop', 'other', options);
  await expect(machines.add(same, 'office', 'm', options)).rejects.toMatchObject({
    ...{
      code: 'MACHINE_NAMED_TWICE',
      message: expect.stringContaining('Machine m of pool office is the same as machine m of pool shop') as string,
    },
  });
});
