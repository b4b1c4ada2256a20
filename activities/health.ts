// Readiness of a machine's application.

import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { didNotAnswer } from '../config/error-code.js';
import { hostHeader } from '../config/host-header.js';
import type { HealthConfig, MachineConfig } from '../config/types.js';
import { machineNotReady } from './errors.js';
import type { HypervisorDriver } from './hypervisor/driver.js';

export interface Waiting {
  signal: AbortSignal;
  /** The driver that has started the machine: it knows when nothing can come any more, and where the machine's own output is. */
  driver: HypervisorDriver;
  /** Called with what was seen instead of health, each time. */
  onSeen?: (seen: string) => void;
}

/** Waits until the application answers its health check as configured; MACHINE_NOT_READY says what it answered last. */
export async function untilHealthy(machine: MachineConfig, health: HealthConfig, waiting: Waiting): Promise<void> {
  const { signal, driver, onSeen } = waiting;
  const deadline = performance.now() + health.bootTimeoutMs;
  for (;;) {
    const seen = await probe(machine, health);
    if (seen === null) return;
    onSeen?.(seen);
    const hasEnded = (await driver.status(machine.name, { signal })).power === 'off';
    if (hasEnded || performance.now() > deadline) {
      throw machineNotReady(machine.name, hasEnded ? `it has ended; ${seen}` : seen, driver.outputOf(machine.name));
    }
    await sleep(health.intervalMs, undefined, { signal });
  }
}

/** Null when healthy, else what was seen instead. */
export async function probe(machine: MachineConfig, health: HealthConfig): Promise<string | null> {
  try {
    const response = await request(new URL(health.path, machine.url), {
      headers: hostHeader(machine),
      signal: AbortSignal.timeout(health.timeoutMs),
    });
    await response.body.dump();
    return response.statusCode === health.status
      ? null
      : `${health.path} answered ${response.statusCode} instead of ${health.status}`;
  } catch (error) {
    return didNotAnswer(health.path, error, health.timeoutMs);
  }
}
