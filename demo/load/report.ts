// What the load has seen of a stretch of time.

import { quantile } from '../../activities/quantile.js';

/** Figures of one window; a request counts in the window in which it was due. */
export interface WindowReport {
  requests: number;
  /** Answered 5xx, refused, broken off, answered 4xx where that makes no sense, or executed more than once. */
  failed: number;
  /** Sessions that came back empty, as another one, or logged out. */
  sessionsLost: number;
  /** Acknowledged additions that were missing from a later answer. */
  updatesLost: number;
  longestWaitMs: number;
  p50Ms: number;
  p99Ms: number;
  /** Why requests failed, and how many of each: kind of request, and status and code of the answer or the connection's error. */
  reasons: Record<string, number>;
}

export interface LoadProgress {
  requests: number;
  failed: number;
  sessionsLost: number;
  updatesLost: number;
  inFlight: number;
  /** Of the last second. */
  p99Ms: number;
}

export class Tally {
  private readonly latenciesMs: number[] = [];
  private readonly reasons = new Map<string, number>();
  private failed = 0;
  private sessionsLost = 0;
  private updatesLost = 0;

  completed(latencyMs: number): void {
    this.latenciesMs.push(latencyMs);
  }

  failedOnce(latencyMs: number, reason: string): void {
    this.latenciesMs.push(latencyMs);
    this.failedBesides(1, reason);
  }

  /** What is no request of the load itself, or was answered well: a last look that failed, an update that was executed twice. */
  failedBesides(count: number, reason: string): void {
    this.failed += count;
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + count);
  }

  lostSession(): void {
    this.sessionsLost++;
  }

  lostUpdates(count: number): void {
    this.updatesLost += count;
  }

  report(): WindowReport {
    const sorted = [...this.latenciesMs].sort((a, b) => a - b);
    return {
      requests: sorted.length,
      failed: this.failed,
      sessionsLost: this.sessionsLost,
      updatesLost: this.updatesLost,
      longestWaitMs: quantile(sorted, 1),
      p50Ms: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
      reasons: Object.fromEntries(this.reasons),
    };
  }

  /** The latencies of the last `count` requests. */
  latest(count: number): number[] {
    return this.latenciesMs.slice(-count);
  }
}
