// Which machine of a pool is active, which boot of it this is, and whether it may be watched now.

import type { HypervisorDriver } from '../activities/hypervisor/driver.js';
import { describeError } from '../config/operator-error.js';
import { within } from '../config/within.js';
import type { MachineConfig, PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import type { BootRow } from '../state/monitoring.js';
import { recordBoot } from '../state/monitoring.js';
import { readPool } from '../state/pool.js';
import { compareBoots } from './boot-sight.js';
import { DEAD_AFTER } from './sampler-loop.js';

export interface ActiveMachineOptions {
  pool: PoolConfig;
  database: Database;
  driver: Pick<HypervisorDriver, 'status'>;
  /** Whether the run that has the pool goes on. */
  isRunOpen: (run: string) => Promise<boolean>;
  /** In ms since 1970, by the monitor's clock. */
  now: () => number;
  /** Another machine is active than `before`, or it has booted; called before that is recorded. `before` is null where none is known. */
  booted: (boot: BootRow, before: BootRow | null) => void;
  /** The hypervisor has failed so often that it counts as dead, for the reason told, at every failure; with null it tells, as it mostly does. */
  tell: (reason: string | null) => void;
}

export class ActiveMachine {
  private boot: BootRow | null = null;
  private isSteady = false;
  /** The run that was found to be over last. */
  private overRun: string | null = null;
  private hasRun = false;
  private hypervisorFailures = 0;
  private looking: Promise<void> | null = null;

  constructor(private readonly options: ActiveMachineOptions) {}

  /** Goes on from the boot that was watched last; null where none is known. */
  resume(boot: BootRow | null): void {
    this.boot = boot;
    this.hasRun ||= boot !== null && boot.incarnation !== null;
  }

  /** Null while a restart is under way: what is seen in the middle of one is the restart. */
  get watched(): MachineConfig | null {
    if (!this.isSteady) return null;
    return this.options.pool.machines.find(({ name }) => name === this.boot?.machine) ?? null;
  }

  /** The other one; null while nobody is watched. */
  get standby(): MachineConfig | null {
    const { watched } = this;
    return watched === null ? null : (this.options.pool.machines.find(({ name }) => name !== watched.name) ?? null);
  }

  /** Whether a machine of the pool was ever seen running: until then they are still to be booted. */
  get hasBeenUp(): boolean {
    return this.hasRun;
  }

  /** Which machine is active, and whether a restart is under way. `isThorough`: also whether the machine has booted. */
  async look(isThorough: boolean, signal: AbortSignal): Promise<void> {
    // Two looks at once would see one boot twice.
    this.looking ??= this.lookOnce(isThorough, signal).finally(() => (this.looking = null));
    await this.looking;
  }

  private async lookOnce(isThorough: boolean, signal: AbortSignal): Promise<void> {
    const { pool, database } = this.options;
    const { active, phase, run } = await readPool(database, pool.name);
    // Until sessions move the active machine has all of them, and a fail-over gives such a restart up if its run has ended.
    const isWhole = phase === 'steady' || phase === 'opening';
    this.isSteady = isWhole && (run === null || (await this.isOver(run, isThorough)));
    if (this.isSteady && (active !== this.boot?.machine || isThorough)) await this.lookAtMachine(active, signal);
  }

  /** Whether a run was ended without giving the pool back: it restarts nothing any more. While Temporal does not tell, it may. */
  private async isOver(run: string, isThorough: boolean): Promise<boolean> {
    // It stays over, and a pool may be left so for days.
    if (run === this.overRun && !isThorough) return true;
    const isOver = !(await this.options.isRunOpen(run).catch(() => true));
    this.overRun = isOver ? run : null;
    return isOver;
  }

  /** Whether it is another machine than before, or has booted. */
  private async lookAtMachine(active: string, signal: AbortSignal): Promise<void> {
    const { pool, database, now, booted } = this.options;
    const incarnation = await this.incarnationOf(active, signal);
    this.hasRun ||= incarnation !== null;
    const known = this.boot?.machine === active ? this.boot : null;
    const sight = known === null ? 'another' : compareBoots(known.incarnation, incarnation);
    if (sight === 'same') return;
    if (known !== null && sight === 'told') {
      this.boot = { ...known, incarnation };
    } else {
      const before = this.boot;
      this.boot = { machine: active, incarnation, bootedAtMs: Math.floor(now()) };
      booted(this.boot, before);
    }
    await recordBoot(database, pool.name, this.boot);
  }

  /** Null where its hypervisor does not tell. */
  private async incarnationOf(machine: string, signal: AbortSignal): Promise<string | null> {
    const { pool, driver, tell } = this.options;
    try {
      const status = await within(pool.monitor.timeoutMs, signal, (limited) => driver.status(machine, { signal: limited }));
      tell(null);
      this.hypervisorFailures = 0;
      return status.incarnation;
    } catch (error) {
      signal.throwIfAborted();
      if (++this.hypervisorFailures >= DEAD_AFTER) tell(describeError(error));
      return null;
    }
  }
}
