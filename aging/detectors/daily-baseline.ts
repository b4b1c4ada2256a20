// What is usual at this hour, learned of the days before: no threshold to set, and a busy noon is no anomaly.

import { deviation, median } from './robust.js';

export interface HourOfSeries {
  startMs: number;
  value: number;
}

export interface Baseline {
  /** Of the same hour of the days before. */
  median: number;
  highest: number;
  /** Standard deviation, by the wider of this hour's and of all hours' MAD. */
  spread: number;
  days: number;
}

export interface BaselineRule {
  minDays: number;
  deviations: number;
  factor: number;
}

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;

/**
 * Median and MAD by hour of day (robust z-scores: Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993). Few days make a poor MAD,
 * hence also the pooled one, of what all hours are off their medians. Null before there are `minDays` values of this hour.
 */
export function dailyBaseline(hours: readonly HourOfSeries[], atMs: number, minDays: number): Baseline | null {
  const byHour = Array.from({ length: DAY_HOURS }, (): number[] => []);
  for (const { startMs, value } of hours) byHour[hourOf(startMs)]?.push(value);
  const same = byHour[hourOf(atMs)] ?? [];
  if (same.length < minDays) return null;
  const middle = median(same);
  const pooled = byHour.flatMap((values) => {
    const centre = median(values);
    return values.map((value) => value - centre);
  });
  return {
    median: middle,
    highest: Math.max(...same),
    spread: Math.max(deviation(same, middle), deviation(pooled, 0)),
    days: same.length,
  };
}

/** Whether a value is far above all of it: many deviations, by a factor that matters, and more than on any day before. */
export function isAbove(value: number, baseline: Baseline, rule: Omit<BaselineRule, 'minDays'>, rise = 0): boolean {
  const { median: middle, highest, spread } = baseline;
  return value > middle + Math.max(rule.deviations * spread, rise) && value > middle * rule.factor && value > highest;
}

function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS) % DAY_HOURS;
}
