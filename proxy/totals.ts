// Plain counters of the request path; the metrics page and the admin API read them when they are asked.

import { LatencyHistogram } from './latency-histogram.js';

/** How an answer did not come: too late, not at all, or for want of a connection to the machine. */
export type Failure = 'timeout' | 'broken' | 'busy';

/** What one machine has answered since the proxy began. */
export class MachineTotals {
  /** Status class ('2xx') -> answers. */
  readonly answers = new Map<string, number>();
  readonly failures: Record<Failure, number> = { timeout: 0, broken: 0, busy: 0 };
  /** From when a request was given to the machine until the head of its answer. */
  readonly latency = new LatencyHistogram();
}

export class Totals {
  /** By machine. `proxy` stands for answers of our own. */
  readonly machines = new Map<string, MachineTotals>();

  /** An answer; of a machine, after so long. */
  count(machine: string, status: number, tookMs?: number): void {
    const { answers, latency } = this.of(machine);
    const statusClass = CLASSES[Math.floor(status / 100)] ?? 'other';
    answers.set(statusClass, (answers.get(statusClass) ?? 0) + 1);
    if (tookMs !== undefined) latency.add(tookMs);
  }

  /** No answer of the machine, for a client that waited for it. */
  countFailure(machine: string, failure: Failure): void {
    this.of(machine).failures[failure]++;
  }

  private of(machine: string): MachineTotals {
    let totals = this.machines.get(machine);
    if (totals === undefined) this.machines.set(machine, (totals = new MachineTotals()));
    return totals;
  }
}

const CLASSES = ['other', '1xx', '2xx', '3xx', '4xx', '5xx'];
