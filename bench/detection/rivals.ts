// What detection is compared with: simple detectors over five-minute means of the resource alone.

import { cusum, hasRisen, NO_CHANGE } from '../../aging/detectors/cusum.js';
import { mannKendall } from '../../aging/detectors/mann-kendall.js';
import { LIMIT } from './machine.js';

export interface Rival {
  name: string;
  /** A new one after each boot; true while it would alarm. Takes means in order of time. */
  start: () => (mean: number) => boolean;
}

const PER_HOUR = 12;
/** Warm-up, as ours has it. */
const DISCARDED = 6;

export const RIVALS: readonly Rival[] = [
  { name: 'fixed threshold 80 %', start: fixedThreshold },
  { name: 'bare Mann-Kendall', start: bareMannKendall },
  { name: "Matias' CUSUM", start: matiasCusum },
];

/** Three in a row, as alerting rules wait. */
function fixedThreshold(): (mean: number) => boolean {
  let over = 0;
  return (mean) => (over = mean >= 0.8 * LIMIT ? over + 1 : 0) >= 3;
}

/** Of the last twelve hours, at 5 %, looked at twice an hour. */
function bareMannKendall(): (mean: number) => boolean {
  const means: number[] = [];
  let count = 0;
  let rises = false;
  return (mean) => {
    if (++count <= DISCARDED) return false;
    means.push(mean);
    if (means.length > 12 * PER_HOUR) means.shift();
    if (means.length >= PER_HOUR && count % (PER_HOUR / 2) === 0) rises = mannKendall(means).pRising < 0.05;
    return rises;
  };
}

/** Matias, Andrzejak, Machida et al. 2016 pair CUSUM with the heap; mean and deviation are those of the first six hours. */
function matiasCusum(): (mean: number) => boolean {
  const reference: number[] = [];
  let count = 0;
  let state = NO_CHANGE;
  let centre = 0;
  let deviation = 1;
  return (mean) => {
    if (++count <= DISCARDED) return false;
    if (reference.length < 6 * PER_HOUR) {
      reference.push(mean);
      centre = reference.reduce((sum, value) => sum + value, 0) / reference.length;
      deviation = Math.sqrt(reference.reduce((sum, value) => sum + (value - centre) ** 2, 0) / reference.length);
      return false;
    }
    state = cusum(state, (mean - centre) / deviation);
    return hasRisen(state);
  };
}
