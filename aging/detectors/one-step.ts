// Whether a level came to where it is at once, as when a machine is set up otherwise, or little by little.

import { median } from './robust.js';

/** Chosen: the largest of eight steps that differ by the factor three is smaller. */
const STEP_SHARE = 0.4;
/** A level before and after a step is the median of this share of the points. Chosen. */
const LEVEL_SHARE = 1 / 24;

/** From the first points to the last. */
export function riseOf(levels: readonly number[]): number {
  const size = sizeOf(levels);
  return median(levels.slice(-size)) - median(levels.slice(0, size));
}

/** Whether one step has brought most of the rise. */
export function isOneStep(levels: readonly number[]): boolean {
  const size = sizeOf(levels);
  const level = (from: number): number => median(levels.slice(from, from + size));
  let largest = 0;
  for (let at = size; at + size <= levels.length; at++) largest = Math.max(largest, level(at) - level(at - size));
  return largest > STEP_SHARE * riseOf(levels);
}

function sizeOf(levels: readonly number[]): number {
  return Math.max(1, Math.round(levels.length * LEVEL_SHARE));
}
