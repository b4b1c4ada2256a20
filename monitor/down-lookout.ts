// Looks whether the active machine has died or hangs, and has the pool's supervisor told while it stays so.

import type { MachineConfig } from '../config/types.js';
import type { DownEvidences } from './down-evidence.js';
import { DownWatch } from './down-watch.js';
import { LoneEvidence } from './lone-evidence.js';
import type { Reporter } from './reporter.js';

/** While it stays so the supervisor is told again: it may have been paused, or the standby ill. Chosen. */
const TELL_AGAIN_MS = 30_000;

export class DownLookout {
  private readonly watch: DownWatch;
  private readonly lone: LoneEvidence;
  private told: { machine: string; at: number } | null = null;

  constructor(
    looks: number,
    private readonly evidences: Pick<DownEvidences, 'look' | 'reset'>,
    private readonly reporter: Pick<Reporter, 'down' | 'well' | 'anomaly' | 'tell'>,
  ) {
    this.watch = new DownWatch(looks);
    this.lone = new LoneEvidence(looks);
  }

  /** Looks from now on are not in a row with those of before, nor is anything compared with them. */
  reset(): void {
    this.watch.reset();
    this.lone.reset();
    this.evidences.reset();
  }

  /** One look at the machine that is watched; null while none is. */
  async look(machine: MachineConfig | null, signal: AbortSignal): Promise<void> {
    if (machine === null) {
      this.lone.reset();
      return this.watch.reset();
    }
    const found = await this.evidences.look(machine, signal);
    const lone = this.lone.look(found);
    if (lone !== undefined) {
      const isNews = this.reporter.anomaly('lone evidence', lone === null ? null : `${machine.name}: ${lone}`);
      // What cannot be told is not tried again at every look: each would wait for Temporal.
      if (isNews) await this.reporter.tell();
    }
    // Once it answers, what was told is over for the supervisor as well, whatever others say. Dead again, it is news.
    if (!found.some(({ kind }) => kind === 'health')) this.told = null;
    const evidence = this.watch.look(found);
    if (evidence === null) return this.watch.isWell ? this.reporter.well() : undefined;
    const { name } = machine;
    if (this.told?.machine === name && performance.now() - this.told.at < TELL_AGAIN_MS) return;
    this.told = { machine: name, at: performance.now() };
    this.reporter.down(name, evidence);
    await this.reporter.tell();
  }
}
