// What detection needs of samples that are no longer looked at one by one: of each series one for each of its buckets.

import { BUCKET_MS } from './buckets.js';
import { BOOT } from './recording.js';
import type { Gathered } from './series.js';
import { KINDS, kindOf } from './series.js';

/** A sample as it is stored. */
export interface SampleRow {
  machine: string;
  series: string;
  /** In ms since 1970. */
  atMs: number;
  value: number;
  limit: number | null;
  /** Of a row that stands for several samples. */
  gathered?: Gathered;
}

/**
 * Takes rows in order of time, those that have been thinned before among them. Of each machine, series and bucket one is left: lowest, highest, mean and
 * how many there were, at the time of the last. Of a counter it is the last one, besides those about a fall. Boots stay as they are.
 */
export function thinned<Row extends SampleRow>(rows: readonly Row[]): Row[] {
  const kept: Row[] = [];
  const last = new Map<string, number>();
  // Of a counter the first one, which may have fallen, and those that have.
  const stay = new Set<number>();
  for (const row of rows) {
    if (row.series === BOOT) {
      kept.push(row);
      continue;
    }
    const kind = kindOf(row.series);
    const counts = kind !== null && KINDS[kind].role === 'work';
    const key = counts ? row.series : `${row.machine} ${row.series}`;
    const index = last.get(key) ?? -1;
    const before = kept[index];
    const next = { ...row, gathered: gatheredOf(row) };
    const fell = counts && (before === undefined || row.value < before.value);
    if (before !== undefined && !fell && !stay.has(index) && bucketOf(before) === bucketOf(row)) {
      kept[index] = counts ? next : together(before, next);
      continue;
    }
    last.set(key, kept.push(next) - 1);
    if (fell) stay.add(kept.length - 1);
  }
  return kept.sort((one, other) => one.atMs - other.atMs);
}

function together<Row extends SampleRow>(before: Row, next: Row): Row {
  const [one, other] = [gatheredOf(before), gatheredOf(next)];
  const count = one.count + other.count;
  return {
    ...next,
    limit: next.limit ?? before.limit,
    value: (before.value * one.count + next.value * other.count) / count,
    gathered: { min: Math.min(one.min, other.min), max: Math.max(one.max, other.max), count },
  };
}

function gatheredOf({ value, gathered }: SampleRow): Gathered {
  return gathered ?? { min: value, max: value, count: 1 };
}

function bucketOf({ atMs }: SampleRow): number {
  return Math.floor(atMs / BUCKET_MS);
}
