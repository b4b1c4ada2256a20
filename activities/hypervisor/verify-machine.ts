// One machine under two names is restarted under its own users: the spelling of a configuration does not show it, its hypervisor does.

import { OperatorError } from '../../config/operator-error.js';
import type { HypervisorDriver, OperationOptions } from './driver.js';

/** What hypervisors call the machines that have been verified, and what the configuration does. */
export type VerifiedMachines = Map<string, string>;

/** Throws MACHINE_NAMED_TWICE when one of `verified` is the same, or what keeps the machine from being started. */
export async function verifyMachine(
  driver: HypervisorDriver,
  pool: string,
  machine: string,
  verified: VerifiedMachines,
  options: OperationOptions,
): Promise<void> {
  const identity = await driver.verify(machine, options);
  const other = verified.get(identity);
  if (other !== undefined) {
    throw new OperatorError(
      'MACHINE_NAMED_TWICE',
      `Machine ${machine} of pool ${pool} is the same as machine ${other}: its hypervisor calls both ${identity}.`,
      'Let driver of each name a machine of its own.',
    );
  }
  verified.set(identity, `${machine} of pool ${pool}`);
}
