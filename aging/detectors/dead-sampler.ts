// A dead sampler: no news is no good news.

import { median } from './robust.js';

/** Chosen: enough for a median that one pause does not move. */
export const TIMES_KEPT = 21;

/** For how many of its own intervals a series has been silent, by the times of its last samples; 0 where it has no interval yet. */
export function silentIntervals(timesMs: readonly number[], nowMs: number): number {
  const intervals = timesMs.slice(1).map((time, i) => time - (timesMs[i] ?? time));
  const last = timesMs.at(-1);
  const usual = median(intervals);
  return last === undefined || !(usual > 0) ? 0 : (nowMs - last) / usual;
}
