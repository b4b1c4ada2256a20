// Memory of the machine, as its driver tells: of a guest through its hypervisor, of a local process through its host.

import type { HypervisorDriver } from '../activities/hypervisor/driver.js';
import { seriesOf } from '../aging/series.js';
import type { MachineConfig } from '../config/types.js';
import type { Reading, Sampler } from './sampler.js';

const MIB = 2 ** 20;

export class MemorySampler implements Sampler {
  readonly name = 'memory';

  constructor(private readonly driver: Pick<HypervisorDriver, 'memoryUse'>) {}

  async sample({ name }: MachineConfig, signal: AbortSignal): Promise<Reading[]> {
    const use = await this.driver.memoryUse(name, { signal });
    if (use === null) return [];
    const limit = use.limitBytes === null ? null : use.limitBytes / MIB;
    return [{ series: seriesOf('memory', 'memory', limit), value: use.usedBytes / MIB }];
  }
}
