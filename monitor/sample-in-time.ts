// One sample, bounded in time.

import type { HypervisorDriver } from '../activities/hypervisor/driver.js';
import { OperatorError } from '../config/operator-error.js';
import { TimeLimitError, within } from '../config/within.js';
import type { MachineConfig } from '../config/types.js';
import type { Reading, Sampler } from './sampler.js';

export interface SampleOptions {
  driver: Pick<HypervisorDriver, 'status'>;
  timeoutMs: number;
}

/**
 * Throws what the sampler throws, or SAMPLE_TIMEOUT after `timeoutMs`. Of a machine that is off there is nothing to tell, which is no trouble
 * of the sampler's.
 */
export async function sampleInTime(
  sampler: Sampler,
  machine: MachineConfig,
  { driver, timeoutMs }: SampleOptions,
  signal: AbortSignal,
): Promise<Reading[]> {
  try {
    return await bounded(sampler, machine, timeoutMs, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (sampler.asksProxies === true) throw error;
    const asked = within(timeoutMs, signal, (limited) => driver.status(machine.name, { signal: limited }));
    if ((await asked.catch(() => null))?.power === 'off') return [];
    throw error;
  }
}

async function bounded(sampler: Sampler, machine: MachineConfig, timeoutMs: number, signal: AbortSignal): Promise<Reading[]> {
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
