// What detection says: whether a machine ages, what speaks for it, and in words that an operator can check.

import type { Interval } from './detectors/exhaustion.js';
import type { Series } from './series.js';

export const DETECTORS = [
  'trend',
  'ceiling',
  'levelChange',
  'latency',
  'errors',
  'gcThrash',
  'stormDrain',
  'age',
  'work',
  'deadSampler',
] as const;
export type DetectorName = (typeof DETECTORS)[number];

export interface Evidence {
  detector: DetectorName;
  /** Name of the series, or null where it is the machine's. */
  series: string | null;
  text: string;
  /** 2: proves aging by itself; 1: needs company; 0: no sign of aging, yet something is wrong. */
  votes: 0 | 1 | 2;
  values: Record<string, number>;
  timeToExhaustionMs?: Interval;
}

export interface Verdict {
  atMs: number;
  aging: boolean;
  /** False while a boot is so young that nothing but dead samplers is looked for. */
  warm: boolean;
  /** True in the one verdict with which an alarm begins: what asks for a restart. */
  raised: boolean;
  /** What has been found so often in a row that it counts. */
  evidence: Evidence[];
  /** What speaks for no aging, but needs somebody: samplers that have died. */
  anomalies: Evidence[];
  explanation: string;
}

/** Three digits, and the unit. */
export function inUnit(value: number, { unit }: Pick<Series, 'unit'>): string {
  return `${digits(value)} ${unit}`;
}

export function digits(value: number): string {
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/** Such as "40 min", "7.5 h" or "3.2 days". */
export function inTime(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 90) return `${Math.round(minutes)} min`;
  return minutes < 36 * 60 ? `${(minutes / 60).toFixed(1)} h` : `${(minutes / 1440).toFixed(1)} days`;
}
