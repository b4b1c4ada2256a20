// Whether the machine that is to be fenced is ill still: it may have been a pause.

import type { MachineConfig } from '../../config/types.js';
import type { Attempt } from '../attempt.js';
import { activeRecovered } from '../errors.js';
import { probe } from '../health.js';

/** Throws ACTIVE_RECOVERED when the worker, or any proxy that answers, finds the machine well: all of them have to agree that it is not. */
export async function mustBeIll({ pool, driver, proxies, signal }: Attempt, machine: MachineConfig): Promise<void> {
  const status = await driver.status(machine.name, { signal }).catch(() => null);
  signal.throwIfAborted();
  if (status?.power === 'off') return;
  if ((await probe(machine, pool.health)) === null) throw activeRecovered(pool.name, machine.name);
  const views = await proxies.healthSeen('active', pool.health).catch(() => []);
  if (views.some(({ seen }) => seen === null)) throw activeRecovered(pool.name, machine.name);
}
