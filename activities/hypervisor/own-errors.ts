// What a driver's own failures are called. Bare, an ECONNRESET of a hypervisor is taken for one of the database.

import { OperatorError } from '../../config/operator-error.js';
import { hypervisorFailed } from '../errors.js';
import type { HypervisorDriver, OperationOptions } from './driver.js';

/** The driver, failing with HYPERVISOR_FAILED where it has no code of its own. What a guard throws, or an abort, stays as it is. */
export function withOwnErrors(driver: HypervisorDriver): HypervisorDriver {
  return {
    status: (machine, options) => naming(machine, 'status', options, (own) => driver.status(machine, own)),
    start: (machine, options) => naming(machine, 'start', options, (own) => driver.start(machine, own)),
    stop: (machine, options) => naming(machine, 'stop', options, (own) => driver.stop(machine, own)),
    restart: (machine, options) => naming(machine, 'restart', options, (own) => driver.restart(machine, own)),
    rollBack: (machine, options) => naming(machine, 'rollBack', options, (own) => driver.rollBack(machine, own)),
    keep: (machine, options) => naming(machine, 'keep', options, (own) => driver.keep(machine, own)),
    identity: (machine, options) => naming(machine, 'identity', options, (own) => driver.identity(machine, own)),
    verify: (machine, options) => naming(machine, 'verify', options, (own) => driver.verify(machine, own)),
    memoryBytes: (machine, options) => naming(machine, 'memoryBytes', options, (own) => driver.memoryBytes(machine, own)),
    memoryUse: (machine, options) => naming(machine, 'memoryUse', options, (own) => driver.memoryUse(machine, own)),
    outputOf: (machine) => driver.outputOf(machine),
    capabilitiesOf: (machine) => driver.capabilitiesOf(machine),
  };
}

async function naming<T, Options extends OperationOptions>(
  machine: string,
  operation: string,
  options: Options,
  call: (options: Options) => Promise<T>,
): Promise<T> {
  const { guard, signal } = options;
  const refusals: unknown[] = [];
  const noting = async (): Promise<void> => {
    await guard?.().catch((error: unknown) => {
      refusals.push(error);
      throw error;
    });
  };
  try {
    return await call({ ...options, guard: noting });
  } catch (error) {
    if (error instanceof OperatorError || signal.aborted || refusals.includes(error)) throw error;
    throw hypervisorFailed(machine, `has failed at ${operation}`, error);
  }
}
