// A limit for what is asked of a hypervisor: some never answer.

import { MAX_TIMER_MS } from '../../config/defaults.js';
import type { MachineConfig } from '../../config/types.js';
import { TimeLimitError, within } from '../../config/within.js';
import type { Attempt } from '../attempt.js';
import { hypervisorFailed } from '../errors.js';
import type { MachineStatus, OperationOptions } from './driver.js';

/**
 * Asks for a start, stop or restart and waits as long as a machine may take to end and to boot: a start may find somebody else's stop in
 * its way. Then throws what `late` makes of that time in words.
 */
export async function inTime<T>(
  machine: MachineConfig,
  { pool, signal, guard }: Attempt,
  ask: (options: OperationOptions) => Promise<T>,
  late: (limit: string) => Error,
): Promise<T> {
  const limitMs = Math.min(machine.driver.stopTimeoutMs + pool.health.bootTimeoutMs, MAX_TIMER_MS);
  return within(limitMs, signal, (limited) => ask({ signal: limited, guard })).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error instanceof TimeLimitError ? late(`within ${limitMs / 1000} s`) : error;
  });
}

/** Ensures that a machine runs. */
export function startInTime(machine: MachineConfig, attempt: Attempt): Promise<MachineStatus> {
  return inTime(
    machine,
    attempt,
    (options) => attempt.driver.start(machine.name, options),
    (limit) => hypervisorFailed(machine.name, `has not started it ${limit}`),
  );
}

/** Ensures that a machine is off. */
export function stopInTime(machine: MachineConfig, attempt: Attempt): Promise<void> {
  return inTime(
    machine,
    attempt,
    (options) => attempt.driver.stop(machine.name, options),
    (limit) => hypervisorFailed(machine.name, `has not stopped it ${limit}`),
  );
}
