// A limit for what is asked of a hypervisor: some never answer.

import { MAX_TIMER_MS } from '../../config/defaults.js';
import type { MachineConfig } from '../../config/types.js';
import { TimeLimitError, within } from '../../config/within.js';
import type { Attempt } from '../attempt.js';
import { hypervisorFailed } from '../errors.js';
import type { MachineStatus, OperationOptions } from './driver.js';

type Ask<T> = (options: OperationOptions) => Promise<T>;
type Late = (limit: string) => Error;

/**
 * Asks for a start, stop or restart and waits as long as a machine may take to boot after so many times as it may take to end. Then throws
 * what `late` makes of that time in words.
 */
async function inTime<T>(
  machine: MachineConfig,
  { pool, signal, guard }: Attempt,
  ask: Ask<T>,
  late: Late,
  ends = 1,
): Promise<T> {
  const limitMs = Math.min(ends * machine.driver.stopTimeoutMs + pool.health.bootTimeoutMs, MAX_TIMER_MS);
  return within(limitMs, signal, (limited) => ask({ signal: limited, guard })).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error instanceof TimeLimitError ? late(`within ${limitMs / 1000} s`) : error;
  });
}

/** For a restart: a reboot, a reset and a stop may each take as long as that is waited for. */
export function restartInTime<T>(machine: MachineConfig, attempt: Attempt, ask: Ask<T>, late: Late): Promise<T> {
  return inTime(machine, attempt, ask, late, 3);
}

/** Ensures that a machine runs. It may find somebody else's stop in its way. */
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
