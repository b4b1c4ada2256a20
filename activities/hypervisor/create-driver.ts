// The driver of a pool: each of its machines has the one that its configuration names.

import { OperatorError } from '../../config/operator-error.js';
import type { MachineConfig } from '../../config/types.js';
import type { HypervisorDriver, MachineDriver } from './driver.js';
import { createLibvirtDriver } from './libvirt/libvirt.js';
import { withOwnErrors } from './own-errors.js';
import { createProcessDriver } from './process.js';
import { createVsphereDriver } from './vsphere/vsphere.js';

export function createDriver({ machines }: { machines: readonly MachineConfig[] }): HypervisorDriver {
  const drivers = new Map(machines.map((machine) => [machine.name, driverOf(machine)]));
  const named = (name: string): MachineDriver => drivers.get(name) ?? unknown(name);
  return withOwnErrors({
    status: (machine, options) => named(machine).status(options),
    start: (machine, options) => named(machine).start(options),
    stop: (machine, options) => named(machine).stop(options),
    restart: (machine, options) => named(machine).restart(options),
    rollBack: (machine, options) => named(machine).rollBack(options),
    keep: (machine, options) => named(machine).keep(options),
    identity: (machine, options) => named(machine).identity(options),
    verify: (machine, options) => named(machine).verify(options),
    memoryBytes: (machine, options) => named(machine).memoryBytes(options),
    memoryUse: (machine, options) => named(machine).memoryUse(options),
    outputOf: (machine) => named(machine).output(),
    capabilitiesOf: (machine) => named(machine).capabilities(),
  });
}

function driverOf({ name, driver }: MachineConfig): MachineDriver {
  switch (driver.type) {
    case 'process':
      return createProcessDriver(name, driver);
    case 'libvirt':
      return createLibvirtDriver(name, driver);
    case 'vsphere':
      return createVsphereDriver(name, driver);
  }
}

function unknown(name: string): never {
  throw new OperatorError(
    'MACHINE_UNKNOWN',
    `There is no machine "${name}".`,
    'Use a name from the machines of a pool of the configuration.',
    { status: 404 },
  );
}
