// The monitor's clock: that of the machine, or one that goes faster, so that a day of aging can be shown in minutes.

export class ScaledClock {
  private readonly startedAtMs = Date.now();
  private aheadMs = 0;

  constructor(private readonly scale: number) {}

  /** In ms since 1970. */
  now(): number {
    return this.startedAtMs + this.aheadMs + (Date.now() - this.startedAtMs) * this.scale;
  }

  /** Goes on from where a faster clock of before has been. */
  notBefore(atMs: number): void {
    this.aheadMs += Math.max(0, atMs - this.now());
  }

  /** What of the machine's time that much of this clock's is. */
  real(ms: number): number {
    return ms / this.scale;
  }
}
