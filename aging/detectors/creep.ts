// Creep: what has become worse little by little. Faults from outside, such as a slow backend, mostly come at once.

import { hamedRao } from './mann-kendall.js';
import { isOneStep, riseOf } from './one-step.js';

/**
 * Whether values, in order of time and without what is usual at their hour, have crept up: Mann and Kendall's test with Hamed and Rao's
 * correction (mann-kendall.ts), no step has brought most of it, and the first half of the time its share. False of few values.
 */
export function hasCrept(values: readonly number[], significance: number): boolean {
  if (values.length < LEAST_VALUES || isOneStep(values)) return false;
  const early = riseOf(values.slice(0, values.length / 2));
  return early >= EARLY_SHARE * riseOf(values) && hamedRao(values, 'cautious').pRising < significance;
}

/** Chosen: a line has half of its rise in the first half, a parabola a quarter; what has begun lately has none. */
const EARLY_SHARE = 0.2;
/** Chosen: of fewer, one step cannot be told from many. */
const LEAST_VALUES = 24;
