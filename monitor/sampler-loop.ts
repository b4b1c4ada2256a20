// Runs a sampler: one sample an interval, bounded in time, rarer while it fails.

import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../config/operator-error.js';
import type { MachineConfig } from '../config/types.js';
import type { SampleOptions } from './sample-in-time.js';
import { sampleInTime } from './sample-in-time.js';
import type { Outcome, Reading, Sampler } from './sampler.js';

/** One failure is a hiccup, a second one bad luck. Chosen. */
export const DEAD_AFTER = 3;
/** A sampler that fails is asked twice as rarely each time, down to this. Chosen: it is noticed soon when it comes back. */
const MOST_BACK_OFF = 8;

export interface SamplerLoopOptions extends SampleOptions {
  intervalMs: number;
  /** Whom to measure now; null for nobody. */
  machine: () => MachineConfig | null;
  take: (machine: MachineConfig, readings: readonly Reading[]) => void;
  seen: (outcome: Outcome) => void;
  /** It has failed so often that it counts as dead, for the reason told, at every failure; later, with null, that it works again. */
  tell: (reason: string | null) => void;
}

/** Runs until `signal` aborts, and then rejects. */
export async function runSampler(sampler: Sampler, options: SamplerLoopOptions, signal: AbortSignal): Promise<never> {
  for (let failures = 0; ;) {
    const startedAt = performance.now();
    const machine = options.machine();
    try {
      if (machine !== null) {
        const readings = await sampleInTime(sampler, machine, options, signal);
        options.take(machine, readings);
        options.seen(readings.length > 0 ? 'sample' : 'nothing');
        if (failures >= DEAD_AFTER) options.tell(null);
        failures = 0;
      }
    } catch (error) {
      signal.throwIfAborted();
      failures++;
      options.seen({ thrown: error });
      if (failures >= DEAD_AFTER) options.tell(describeError(error));
    }
    const waitMs = options.intervalMs * Math.min(MOST_BACK_OFF, 2 ** failures) - (performance.now() - startedAt);
    await sleep(Math.max(0, waitMs), undefined, { signal });
  }
}
