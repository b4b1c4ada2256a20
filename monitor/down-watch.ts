// Whether the active machine has died or hangs: two kinds of evidence, several times in a row. No clock and no I/O.

/** health: it does not answer the worker. proxies: nor any proxy. traffic: most requests of clients fail. power: its hypervisor says that it is off. */
export type DownKind = 'health' | 'proxies' | 'traffic' | 'power';

export interface DownEvidence {
  kind: DownKind;
  text: string;
}

/** One kind may be the monitor's own trouble: its network, its credentials, a proxy that is ill. */
const KINDS_NEEDED = 2;

/** Whether one look speaks for a fail-over. A machine that answers the worker is well, whatever others say. */
export function speaksForDown(evidence: readonly DownEvidence[]): boolean {
  const kinds = new Set(evidence.map(({ kind }) => kind));
  return kinds.has('health') && kinds.size >= KINDS_NEEDED;
}

export class DownWatch {
  private inARow = 0;

  /** `looks`: so often in a row it has to be so. */
  constructor(private readonly looks: number) {}

  /** Whether the last look has found health, or too little against it. */
  get isWell(): boolean {
    return this.inARow === 0;
  }

  /** Takes what one look has found; an empty list is health. Resolves with the evidence in words once the machine counts as down, else null. */
  look(evidence: readonly DownEvidence[]): string | null {
    this.inARow = speaksForDown(evidence) ? this.inARow + 1 : 0;
    return this.inARow >= this.looks ? evidence.map(({ text }) => text).join('; ') : null;
  }

  /** Another machine is watched from now on. */
  reset(): void {
    this.inARow = 0;
  }
}
