// Runs a sampler: one sample an interval, bounded in time, rarer while it fails.

import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../config/operator-error.js';
import type { MachineConfig } from '../config/types.js';
import { sampleInTime } from './sample-in-time.js';
import type { Reading, Sampler } from './sampler.js';

/** One failure is a hiccup, a second one bad luck. Chosen. */
export const DEAD_AFTER = 3;
/** A sampler that fails is asked twice as rarely each time, down to this. Chosen: it is noticed soon when it comes back. */
const MOST_BACK_OFF = 8;

export interface SamplerLoopOptions {
  intervalMs: number;
  timeoutMs: number;
  /** Whom to measure now; null for nobody. */
  machine: () => MachineConfig | null;
  take: (machine: MachineConfig, readings: readonly Reading[]) => void;
  /** What has come of a sample: null, or what it has thrown. */
  seen: (error: unknown) => void;
  /** It has failed so often that it counts as dead, for the reason told; later, with null, that it works again. */
  tell: (reason: string | null) => void;
}

/** Runs until `signal` aborts, and then rejects. */
export async function runSampler(sampler: Sampler, options: SamplerLoopOptions, signal: AbortSignal): Promise<never> {
  for (let failures = 0; ;) {
    const startedAt = performance.now();
    const machine = options.machine();
    try {
      if (machine !== null) {
        const readings = await sampleInTime(sampler, machine, options.timeoutMs, signal);
        options.take(machine, readings);
        options.seen(null);
        if (failures >= DEAD_AFTER) options.tell(null);
        failures = 0;
      }
    } catch (error) {
      signal.throwIfAborted();
      failures++;
      options.seen(error);
      if (failures === DEAD_AFTER) options.tell(describeError(error));
    }
    const waitMs = options.intervalMs * Math.min(MOST_BACK_OFF, 2 ** failures) - (performance.now() - startedAt);
    await sleep(Math.max(0, waitMs), undefined, { signal });
  }
}
