// The stage's server of Temporal: it can be killed, and started again at its address with what it knew.

import type { Closing } from '../embedded/closing.js';
import type { RunningTemporal } from '../embedded/temporal.js';
import { startEmbeddedTemporal } from '../embedded/temporal.js';

export class StagedTemporal {
  private constructor(
    private readonly where: { cli: string; directory: string },
    private running: RunningTemporal,
  ) {}

  /** Ends with `closing`. */
  static async start(where: { cli: string; directory: string }, closing: Closing): Promise<StagedTemporal> {
    const staged = new StagedTemporal(where, await startEmbeddedTemporal(where));
    closing.add(() => staged.running.stop());
    return staged;
  }

  get address(): string {
    return this.running.address;
  }

  async kill(): Promise<void> {
    process.kill(this.running.pid, 'SIGKILL');
    await this.running.stop();
  }

  async startAgain(): Promise<void> {
    const { port, uiPort } = this.running;
    this.running = await startEmbeddedTemporal({ ...this.where, ports: [port], uiPorts: [uiPort] });
    if (this.running.port !== port) throw new Error("Temporal's server did not get its port back.");
  }
}
