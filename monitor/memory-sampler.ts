// Memory of the machine, as its driver tells: of a guest through its hypervisor, of a local process through its host.

import type { HypervisorDriver } from '../activities/hypervisor/driver.js';
import { seriesOf } from '../aging/series.js';
import type { MachineConfig } from '../config/types.js';
import type { Reading, Sampler } from './sampler.js';

const MIB = 2 ** 20;

export class MemorySampler implements Sampler {
  readonly name = 'memory';

  /** `limitBytes`: what counts as all that there is; null for what the driver tells of that. */
  constructor(
    private readonly driver: Pick<HypervisorDriver, 'memoryUse'>,
    private readonly limitBytes: number | null,
  ) {}

  async sample({ name }: MachineConfig, signal: AbortSignal): Promise<Reading[]> {
    const use = await this.driver.memoryUse(name, { signal });
    if (use === null) return [];
    // Beyond what its hypervisor gives it no guest gets, whatever is configured.
    const limits = [this.limitBytes, use.limitBytes].filter((bytes) => bytes !== null);
    const limit = limits.length === 0 ? null : Math.min(...limits) / MIB;
    return [{ series: seriesOf('memory', 'memory', limit), value: use.usedBytes / MIB }];
  }
}
