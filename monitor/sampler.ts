// What is measured of a machine, and by whom.

import type { Series } from '../aging/series.js';
import type { MachineConfig } from '../config/types.js';

export interface Reading {
  series: Series;
  value: number;
}

/** What has come of one try: a sample, nothing that could be told, or what was thrown. */
export type Outcome = 'sample' | 'nothing' | { thrown: unknown };

export interface Sampler {
  /** For messages, such as "traffic" or "jmx". */
  readonly name: string;
  /** Whether the proxies tell, as they do of a machine that is off as well. */
  readonly asksProxies?: boolean;
  /** Measures the machine now; an empty list when there is nothing to tell yet. What it cannot measure it throws. */
  sample(machine: MachineConfig, signal: AbortSignal): Promise<Reading[]>;
  /** Another machine, or another boot of it: nothing from before is compared with what comes. */
  reset?(): void;
  /** Goes on from what was measured of this boot last, by another process; by name of the series. */
  resume?(latest: ReadonlyMap<string, number>): void;
  close?(): Promise<void>;
}
