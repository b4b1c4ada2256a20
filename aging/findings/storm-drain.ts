// A server that answers fast because it fails.

import { BUCKET_MS } from '../buckets.js';
import { median } from '../detectors/robust.js';
import type { Served } from '../detectors/storm-drain.js';
import { isStormDrain } from '../detectors/storm-drain.js';
import type { SeriesKind } from '../series.js';
import { KINDS } from '../series.js';
import type { Evidence } from '../verdict.js';
import { digits } from '../verdict.js';
import type { WatchedMachine } from '../watched-machine.js';
import type { WatchedSeries } from '../watched-series.js';

/** What is compared with the hours before it. Chosen: long enough for a median, short enough to be the same time of day. */
const JUST_BEFORE_MS = 2 * 3_600_000;
/** Chosen: two buckets of failures are no accident. */
const STORM_MS = 2 * BUCKET_MS;

export function stormDrainFinding({ all, rate }: WatchedMachine, nowMs: number): Evidence | null {
  const errors = oneOf(all, 'errorRate');
  const latency = oneOf(all, 'latencyP95');
  if (errors === undefined || latency === undefined) return null;
  const served = (fromMs: number, toMs: number): Served[] => {
    const span = toMs - fromMs;
    const [one, two, three] = [errors, latency, rate].map((series) => series.recent(toMs, span));
    const length = Math.min(one?.length ?? 0, two?.length ?? 0, three?.length ?? 0);
    return Array.from({ length }, (_, i) => ({ errorRate: one?.[i] ?? 0, latencyMs: two?.[i] ?? 0, rate: three?.[i] ?? 0 }));
  };
  const now = served(nowMs - STORM_MS, nowMs);
  const [fromMs, toMs] = [nowMs - JUST_BEFORE_MS, nowMs - 4 * STORM_MS];
  const [quicker, busier] = [latency, rate].map((one) => usualChange(one, (fromMs + toMs) / 2, nowMs));
  const expected = served(fromMs, toMs).map((one) => ({
    ...one,
    latencyMs: one.latencyMs * (quicker ?? 1),
    rate: one.rate * (busier ?? 1),
  }));
  if (!isStormDrain(expected, now)) return null;
  const errorRate = median(now.map((one) => one.errorRate));
  const latencyMs = median(now.map((one) => one.latencyMs));
  const text = `${digits(errorRate * 100)} % of requests fail, and answers have become quicker (${digits(latencyMs)} ms) with no less load: it fails fast`;
  return { detector: 'stormDrain', series: errors.series.name, text, votes: 2, values: { errorRate, latencyMs } };
}

/** By what factor a series changes between these two hours on other days; 1 where that is not known. */
function usualChange(series: WatchedSeries, fromMs: number, toMs: number): number {
  const [then, now] = [series.usual(fromMs)?.median ?? 0, series.usual(toMs)?.median ?? 0];
  return then > 0 && now > 0 ? now / then : 1;
}

/** Of this kind, or else of another one that tells the same. */
function oneOf(all: readonly WatchedSeries[], kind: SeriesKind): WatchedSeries | undefined {
  const { role } = KINDS[kind];
  return all.find(({ series }) => series.kind === kind) ?? all.find(({ series }) => KINDS[series.kind].role === role);
}
