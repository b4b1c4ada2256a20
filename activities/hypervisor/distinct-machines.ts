// One machine under two names is restarted under its own users: the spelling of a configuration does not show it, its hypervisor does.

import { OperatorError } from '../../config/operator-error.js';
import type { HypervisorDriver, OperationOptions } from './driver.js';

/** Machines by what their hypervisors call them. */
export class DistinctMachines {
  private readonly known = new Map<string, string>();

  /** Throws MACHINE_NAMED_TWICE when one that was added is the same. */
  async add(driver: HypervisorDriver, pool: string, machine: string, options: OperationOptions): Promise<void> {
    const identity = await driver.identity(machine, options);
    const other = this.known.get(identity);
    if (other !== undefined) {
      throw new OperatorError(
        'MACHINE_NAMED_TWICE',
        `Machine ${machine} of pool ${pool} is the same as machine ${other}: its hypervisor calls both ${identity}.`,
        'Let driver of each name a machine of its own.',
      );
    }
    this.known.set(identity, `${machine} of pool ${pool}`);
  }
}
