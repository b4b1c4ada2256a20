// Readiness of a machine's application.

import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { HealthConfig, MachineConfig } from '../config/types.js';
import { standbyNotReady } from './errors.js';

/** Waits until the application answers its health check as configured; MACHINE_NOT_READY says what it answered last. */
export async function untilHealthy(machine: MachineConfig, health: HealthConfig, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + health.bootTimeoutMs;
  for (;;) {
    const seen = await probe(machine, health);
    if (seen === null) return;
    if (performance.now() > deadline) throw standbyNotReady(machine.name, seen);
    await sleep(health.intervalMs, undefined, { signal });
  }
}

/** Null when healthy, else what was seen instead. */
export async function probe(machine: MachineConfig, health: HealthConfig): Promise<string | null> {
  try {
    const response = await request(new URL(health.path, machine.url), { signal: AbortSignal.timeout(health.timeoutMs) });
    await response.body.dump();
    return response.statusCode === health.status
      ? null
      : `${health.path} answered ${response.statusCode} instead of ${health.status}`;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : error instanceof Error ? error.name : 'error';
    return `${health.path} did not answer (${code})`;
  }
}
