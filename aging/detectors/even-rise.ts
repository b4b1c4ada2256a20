// Whether a level has risen evenly: what load does to it within a day mostly begins, or ends, in the middle of it.

import { riseOf } from './one-step.js';

/** Chosen: a line has half of its rise in each half of the time; a parabola a quarter in the first. */
const HALF_SHARE = 0.35;

export function isEven(levels: readonly number[]): boolean {
  const first = riseOf(levels.slice(0, Math.ceil(levels.length / 2))) / riseOf(levels);
  return first >= HALF_SHARE && first <= 1 - HALF_SHARE;
}
