// One sample, bounded in time.

import { OperatorError } from '../config/operator-error.js';
import { TimeLimitError, within } from '../config/within.js';
import type { MachineConfig } from '../config/types.js';
import type { Reading, Sampler } from './sampler.js';

/** Throws what the sampler throws, or SAMPLE_TIMEOUT after `timeoutMs`. */
export async function sampleInTime(
  sampler: Sampler,
  machine: MachineConfig,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Reading[]> {
  try {
    return await within(timeoutMs, signal, (limited) => sampler.sample(machine, limited));
  } catch (cause) {
    if (!(cause instanceof TimeLimitError)) throw cause;
    throw new OperatorError(
      'SAMPLE_TIMEOUT',
      `Sampler ${sampler.name} has not measured machine ${machine.name} within ${timeoutMs / 1000} s.`,
      'Look at who is asked and at the way there, or allow more by pools.*.monitor.timeoutMs.',
      { status: 504, retryable: true, cause },
    );
  }
}
