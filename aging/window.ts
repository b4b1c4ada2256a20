// A window of a resource's series as points that tests of some thousand pairs can take, with the load of the same time.

import type { Bucket } from './buckets.js';
import { BUCKET_MS } from './buckets.js';
import type { Load } from './load-history.js';
import { DAY_MS } from './policy.js';

export interface WindowPoint {
  /** The middle of its time. */
  atMs: number;
  /** The lowest level: what is left when bursts and collections are over. */
  low: number;
  /** The highest: what reaches the limit first. */
  peak: number;
  load: Load | null;
}

/** Chosen: 4,560 pairs at most, which are sorted in less than a millisecond. */
const MOST_POINTS = 96;
/** Each divides a day, so that the same hour of two days is a whole number of points apart. */
const WIDTHS_MS = [5, 10, 15, 20, 30, 60, 120, 180].map((minutes) => minutes * 60_000);

/** Points of equal width, the last of which ends at `endMs`; those without samples are left out. */
export function windowOf(
  buckets: readonly Bucket[],
  loads: ReadonlyMap<number, Load>,
  startMs: number,
  endMs: number,
): { points: WindowPoint[]; widthMs: number } {
  const widthMs = WIDTHS_MS.find((width) => (endMs - startMs) / width <= MOST_POINTS) ?? WIDTHS_MS.at(-1) ?? DAY_MS;
  const groups = new Map<number, Bucket[]>();
  for (const bucket of buckets) {
    const index = Math.floor((endMs - 1 - bucket.startMs) / widthMs);
    const group = groups.get(index);
    if (group === undefined) groups.set(index, [bucket]);
    else group.push(bucket);
  }
  const points = [...groups].map(([index, group]): WindowPoint => ({
    atMs: endMs - (index + 0.5) * widthMs,
    low: Math.min(...group.map(({ min }) => min)),
    peak: Math.max(...group.map(({ max }) => max)),
    load: loadOf(group, loads),
  }));
  return { points, widthMs };
}

/**
 * Only the buckets lower than both neighbours: after each there was a collection. A heap of fewer than `least` of them has told nothing yet
 * of what it keeps, and the result is empty.
 */
export function valleysOf(buckets: readonly Bucket[], least: number): Bucket[] {
  const valleys = buckets.filter(({ min }, index) => {
    const before = buckets[index - 1];
    const after = buckets[index + 1];
    return before !== undefined && after !== undefined && min < before.min && min <= after.min;
  });
  if (valleys.length < least) return [];
  // What comes before the next collection is no level of its own.
  return valleys.map((bucket) => ({ ...bucket, max: bucket.min }));
}

function loadOf(group: readonly Bucket[], loads: ReadonlyMap<number, Load>): Load | null {
  const found = group.map(({ startMs }) => loads.get(startMs)).filter((load) => load !== undefined);
  const last = found.at(-1);
  if (last === undefined) return null;
  const mean = (pick: (load: Load) => number): number => found.reduce((sum, load) => sum + pick(load), 0) / found.length;
  return { rate: mean(({ rate }) => rate), slow: mean(({ slow }) => slow), work: mean(({ work }) => work) };
}

/** How many points of a width a day has. */
export function pointsADay(widthMs: number): number {
  return DAY_MS / Math.max(widthMs, BUCKET_MS);
}
