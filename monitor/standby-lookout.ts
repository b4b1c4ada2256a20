// Looks whether the standby could take over, and has somebody told while it could not: nobody else would notice before it is needed.

import { standbyHealth } from '../activities/standby-illness.js';
import type { HypervisorDriver } from '../activities/hypervisor/driver.js';
import { describeError, inPool } from '../config/operator-error.js';
import { within } from '../config/within.js';
import type { MachineConfig, PoolConfig } from '../config/types.js';
import type { Reporter } from './reporter.js';

export class StandbyLookout {
  private illInARow = 0;

  constructor(
    private readonly pool: PoolConfig,
    private readonly driver: Pick<HypervisorDriver, 'status' | 'verify'>,
    private readonly reporter: Pick<Reporter, 'anomaly' | 'tell'>,
  ) {}

  /** Looks from now on are not in a row with those of before. */
  reset(): void {
    this.illInARow = 0;
  }

  /** One look; null while a restart is under way, which boots and ends machines itself. */
  async look(standby: MachineConfig | null, signal: AbortSignal): Promise<void> {
    if (standby === null) return this.reset();
    const ill = await this.illnessOf(standby, signal);
    this.illInARow = ill === null ? 0 : this.illInARow + 1;
    let isNews = false;
    // One that has become the active machine is watched as that.
    for (const { name } of this.pool.machines)
      if (name !== standby.name || ill === null) isNews = this.reporter.anomaly(aboutOf(name), null) || isNews;
    if (ill !== null && this.illInARow >= this.pool.monitor.down.looks)
      isNews = this.reporter.anomaly(aboutOf(standby.name), ill) || isNews;
    // What cannot be told is not tried again at every look: each would wait for Temporal.
    if (isNews) await this.reporter.tell();
  }

  /** In words, with what helps; null of one that could take over. One that is off may be so where the pool's standby is cold. */
  private async illnessOf(standby: MachineConfig, signal: AbortSignal): Promise<string | null> {
    const { pool, driver } = this;
    const limitMs = pool.monitor.timeoutMs + pool.health.timeoutMs;
    try {
      const { isOff, ill } = await within(limitMs, signal, (limited) => standbyHealth(driver, standby, pool.health, limited));
      if (isOff && pool.standby === 'hot')
        return `the standby ${standby.name} is off, and could not take over at once. Start it: vm-rejuv boot ${pool.name}`;
      return ill === null ? null : couldNot(standby, ill, pool);
    } catch (error) {
      signal.throwIfAborted();
      return couldNot(standby, describeError(inPool(error, pool.name)), pool);
    }
  }
}

const aboutOf = (machine: string): string => `standby ${machine}`;

function couldNot({ name }: MachineConfig, ill: string, { name: pool }: PoolConfig): string {
  return `the standby ${name} could not take over: ${ill.replace(/\.$/, '')}. What is missing tells: vm-rejuv check ${pool}`;
}
