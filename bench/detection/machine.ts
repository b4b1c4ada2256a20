// Simulated machines, a sample a minute: load with its days and weeks, a resource that follows it, and what leaks of it. Seeded.

import { mulberry32 } from '../../demo/load/random.js';
import type { SeriesKind } from '../../aging/series.js';

export const MINUTE_MS = 60_000;
export const DAY_MINUTES = 1440;
/** All levels are shares of it. */
export const LIMIT = 100;
/** Midnight of a Monday, UTC. */
const EPOCH_MS = Date.UTC(2026, 0, 5);
/** Requests a second at noon of a working day. */
const NOON_RATE = 50;

export interface Machine {
  /** After the midnight of a Monday. */
  startMinute: number;
  kind: SeriesKind;
  startMs: number;
  /** By minute, NaN where nobody has looked: the resource, and the counter of requests; null where nobody counts them. */
  levels: Float64Array;
  served: Float64Array | null;
  latencyMs: Float64Array;
  errorRate: Float64Array;
  /** Minutes, besides the first. */
  boots: readonly number[];
}

export interface Plan {
  minutes: number;
  seed: number;
  kind?: SeriesKind;
  /** The level without anything else. */
  base: number;
  /** By how much the level follows the load, and how late. */
  follows?: number;
  lagMinutes?: number;
  /** Deviation of the noise, and how long it remembers. */
  noise: number;
  noiseMinutes?: number;
  /** What is added, by minute since the last boot and requests since then; `served` at the end is `total`. */
  adds?: (minute: number, served: number) => number;
  /** By what response times are multiplied, and what is added to the share of failures, by minute; 1 and 0 as usual. */
  slower?: (minute: number) => number;
  failing?: (minute: number) => number;
  /** 1 of a minute as usual. */
  crowd?: (minute: number) => number;
  boots?: readonly number[];
  countsRequests?: boolean;
  /** Of a minute without samples. */
  missing?: (minute: number) => boolean;
  /** After the midnight of a Monday. */
  startMinute?: number;
}

export function machineOf(plan: Plan): Machine {
  const {
    minutes,
    base,
    follows = 0,
    lagMinutes = 0,
    noise,
    noiseMinutes = 5,
    adds,
    slower = () => 1,
    failing = () => 0,
    crowd = () => 1,
    boots = [],
    missing = () => false,
    startMinute = 0,
  } = plan;
  const normal = normalNumbers(mulberry32(plan.seed));
  const levels = new Float64Array(minutes);
  const counter = new Float64Array(minutes);
  const latencyMs = new Float64Array(minutes);
  const errorRate = new Float64Array(minutes);
  const remembered = Math.exp(-1 / noiseMinutes);
  const late = lagMinutes === 0 ? 0 : Math.exp(-1 / lagMinutes);
  const bootAt = new Set(boots);
  let drift = normal() * noise;
  let followed = dayLoad(startMinute);
  let served = 0;
  let bootedAt = 0;
  let busy = 0;
  for (let minute = 0; minute < minutes; minute++) {
    if (bootAt.has(minute)) [served, bootedAt, followed] = [0, minute, 0];
    // Load itself wavers for a quarter of an hour at a time.
    busy = busy * 0.93 + normal() * 0.02;
    const load = dayLoad(startMinute + minute) * crowd(minute) * Math.max(0.2, 1 + busy);
    served += load * NOON_RATE * 60;
    followed = followed * late + load * (1 - late);
    drift = drift * remembered + normal() * noise * Math.sqrt(1 - remembered * remembered);
    levels[minute] = Math.max(0, base + follows * followed + drift + (adds?.(minute - bootedAt, served) ?? 0));
    counter[minute] = Math.round(served);
    latencyMs[minute] = (40 + 60 * load) * Math.exp(normal() * 0.15) * slower(minute);
    errorRate[minute] = Math.min(1, Math.max(0, 0.002 + normal() * 0.001 + failing(minute)));
    if (missing(minute)) for (const series of [levels, counter, latencyMs, errorRate]) series[minute] = NaN;
  }
  const startMs = EPOCH_MS + startMinute * MINUTE_MS;
  const served_ = (plan.countsRequests ?? true) ? counter : null;
  return { startMinute, kind: plan.kind ?? 'heapAfterGc', startMs, levels, served: served_, latencyMs, errorRate, boots };
}

/** From 0.1 at four in the morning to 1 in the afternoon, and half of it at weekends. */
export function dayLoad(minute: number): number {
  const day = Math.floor(minute / DAY_MINUTES) % 7;
  const wave = 0.5 - 0.5 * Math.cos((2 * Math.PI * (minute - 4 * 60)) / DAY_MINUTES);
  return (day >= 5 ? 0.5 : 1) * (0.1 + 0.9 * wave);
}

export const NOON_PER_MINUTE = NOON_RATE * 60;

/** Requests that a machine without crowds has served after `minutes`, as machineOf counts them but for its noise. */
export function servedAfter(minutes: number, startMinute: number): number {
  let served = 0;
  for (let minute = 0; minute < minutes; minute++) served += dayLoad(startMinute + minute) * NOON_RATE * 60;
  return served;
}

/** Mean 0, deviation 1, by Box and Muller. */
export function normalNumbers(uniform: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
