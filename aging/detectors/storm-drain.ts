// Storm drain: a broken server fails fast, looks quick for that, and draws the load to itself.

import { median } from './robust.js';

export interface Served {
  errorRate: number;
  latencyMs: number;
  /** Requests a second. */
  rate: number;
}

/** Chosen: a twentieth more of all requests fail. */
const ERROR_RISE = 0.05;
/** Chosen: errors skip the work, so answers take at most two thirds of their time. */
const LATENCY_FALL = 0.67;

/** As WebSphere's STORM_DRAIN: errors up and response times down at once, while load is not down. False without anything before. */
export function isStormDrain(before: readonly Served[], now: readonly Served[]): boolean {
  if (before.length === 0 || now.length === 0) return false;
  const usual = (pick: (served: Served) => number): number => median(before.map(pick));
  const [errors, latency, rate] = [usual((one) => one.errorRate), usual((one) => one.latencyMs), usual((one) => one.rate)];
  return now.every(
    (one) => one.errorRate >= errors + ERROR_RISE && one.latencyMs <= latency * LATENCY_FALL && one.rate >= rate && rate > 0,
  );
}
