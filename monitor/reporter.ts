// What the supervisor of a pool is told by its monitor: in order, and kept while it is out of reach.

import { describeError } from '../config/operator-error.js';

/** What the supervisor of the pool is told. */
export interface Reports {
  aging(evidence: string): Promise<void>;
  down(machine: string, evidence: string): Promise<void>;
  /** Something is wrong that speaks for no restart. */
  anomaly(evidence: string): Promise<void>;
}

export class Reporter {
  /** By what it is about, so that a long outage of Temporal leaves one of each, the latest. */
  private readonly untold = new Map<string, () => Promise<void>>();
  private telling: Promise<void> | null = null;
  /** Samplers that count as dead, with what they say. */
  private readonly dead = new Map<string, string>();

  constructor(
    private readonly pool: string,
    private readonly reports: Reports,
    /** One line for whoever reads the worker's output. */
    private readonly log: (message: string) => void,
  ) {}

  aging(evidence: string): void {
    this.log(`The active machine of pool ${this.pool} is called aging, and its supervisor told: ${evidence}`);
    this.untold.set('aging', () => this.reports.aging(evidence));
  }

  down(machine: string, evidence: string): void {
    this.log(`Machine ${machine} of pool ${this.pool} is down: ${evidence}`);
    this.untold.set('down', () => this.reports.down(machine, `${machine}: ${evidence}`));
  }

  /** What could not be told yet of a machine that is down is not true any more. */
  well(): void {
    this.untold.delete('down');
  }

  /** A sampler counts as dead, for the reason told; with null it works again. */
  sampler(name: string, reason: string | null): void {
    if (reason === null) {
      this.untold.delete(name);
      if (this.dead.delete(name)) this.log(`Sampler ${name} of pool ${this.pool} works again`);
      return;
    }
    const isNews = !this.dead.has(name);
    this.dead.set(name, reason);
    if (!isNews) return;
    this.log(`Sampler ${name} of pool ${this.pool} fails: ${reason}`);
    this.untold.set(name, () => this.reports.anomaly(`sampler ${name} fails: ${reason}`));
  }

  get deadSamplers(): { sampler: string; reason: string }[] {
    return [...this.dead].map(([sampler, reason]) => ({ sampler, reason }));
  }

  /** Tells what there is to tell; what cannot be told now is told when this is called again. Never rejects. */
  async tell(): Promise<void> {
    this.telling ??= this.tellAll().finally(() => (this.telling = null));
    await this.telling;
  }

  private async tellAll(): Promise<void> {
    for (const [about, report] of this.untold) {
      try {
        await report();
      } catch (error) {
        this.log(`The supervisor of pool ${this.pool} cannot be told: ${describeError(error)}`);
        return;
      }
      // Something newer may have come meanwhile.
      if (this.untold.get(about) === report) this.untold.delete(about);
    }
  }
}
