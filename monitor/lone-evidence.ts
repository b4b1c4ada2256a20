// Evidence that is not enough for a fail-over and does not go away: an operator should look. No clock and no I/O.

import { ASIDE_EVERY } from './down-evidence.js';
import type { DownEvidence } from './down-watch.js';
import { speaksForDown } from './down-watch.js';

const NEEDED =
  'a fail-over needs a second kind of evidence: no proxy gets a healthy answer, most requests of clients fail, or its hypervisor says that it is off';
const ANSWERS = 'the worker gets healthy answers; a fail-over needs that it gets none';

export class LoneEvidence {
  private inARow = 0;
  private noneInARow = 0;

  /** `looks`: so often in a row it has to be so, and to be over. */
  constructor(private readonly looks: number) {}

  /** Takes what one look has found: words for it once it has lasted, and goes on; null once there is none any more; else undefined. */
  look(evidence: readonly DownEvidence[]): string | null | undefined {
    if (evidence.length === 0 || speaksForDown(evidence)) {
      this.inARow = 0;
      this.noneInARow++;
      // What is enough for a fail-over is told as that.
      return evidence.length > 0 || this.noneInARow >= this.looks ? null : undefined;
    }
    this.noneInARow = 0;
    this.inARow++;
    const isIll = evidence.some(({ kind }) => kind === 'health');
    // The others are asked more rarely while the machine answers.
    if (this.inARow < this.looks * (isIll ? 1 : ASIDE_EVERY)) return undefined;
    return `${evidence.map(({ text }) => text).join('; ')}; ${isIll ? NEEDED : ANSWERS}`;
  }

  /** Nobody is watched: what comes is not in a row with what was. */
  reset(): void {
    this.inARow = 0;
    this.noneInARow = 0;
  }
}
