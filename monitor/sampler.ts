// What is measured of a machine, and by whom.

import type { Series } from '../aging/series.js';
import type { MachineConfig } from '../config/types.js';

export interface Reading {
  series: Series;
  value: number;
}

export interface Sampler {
  /** For messages, such as "traffic" or "jmx". */
  readonly name: string;
  /** Measures the machine now; an empty list when there is nothing to tell yet. What it cannot measure it throws. */
  sample(machine: MachineConfig, signal: AbortSignal): Promise<Reading[]>;
  /** Another machine, or another boot of it: nothing from before is compared with what comes. */
  reset?(): void;
  /** Goes on from what was measured of this boot last, by another process; by name of the series. */
  resume?(latest: ReadonlyMap<string, number>): void;
  close?(): Promise<void>;
}
