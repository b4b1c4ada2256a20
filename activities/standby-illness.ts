// Whether the standby could take over, as its driver and its health check tell.

import { OperatorError } from '../config/operator-error.js';
import type { HealthConfig, MachineConfig } from '../config/types.js';
import { probe } from './health.js';
import type { HypervisorDriver } from './hypervisor/driver.js';

export interface StandbyHealth {
  /** Off, and known to its hypervisor: a restart or a fail-over boots it. */
  isOff: boolean;
  /** Why it could not take over, or null. */
  ill: string | null;
}

/** Rejects only when `signal` aborts. */
export async function standbyHealth(
  driver: Pick<HypervisorDriver, 'status' | 'verify'>,
  machine: MachineConfig,
  health: HealthConfig,
  signal: AbortSignal,
): Promise<StandbyHealth> {
  const { name } = machine;
  try {
    const { power } = await driver.status(name, { signal });
    if (power === 'unknown') return { isOff: false, ill: `its hypervisor does not tell whether ${name} runs` };
    await driver.verify(name, { signal });
    if (power === 'off') return { isOff: true, ill: null };
  } catch (error) {
    signal.throwIfAborted();
    const ill = error instanceof OperatorError ? error.message.replace(/\.$/, '') : `its driver fails (${String(error)})`;
    return { isOff: false, ill };
  }
  const seen = await probe(machine, health);
  return { isOff: false, ill: seen === null ? null : `${name} runs, and ${seen}` };
}
