// What is to come: the trend goes on, and load and hours are as they were a week ago, or a day.

import { BUCKET_MS } from './buckets.js';
import type { Interval, Moment, Slopes } from './detectors/exhaustion.js';
import { exhaustionAmong } from './detectors/exhaustion.js';
import { median, quantileOf } from './detectors/robust.js';
import type { Load } from './load-history.js';
import { DAY_MS, WEEK_MS } from './policy.js';
import type { Rhythm } from './rhythm.js';

/** How a level rises from the end of the window on, per tick of the rhythm's clock; `bend` per tick squared. */
export interface Curve extends Slopes {
  bend: number;
}

export interface Outlook {
  /** Of the window, from its first point to its last. */
  spanMs: number;
  widthMs: number;
  limit: number;
  /** Those of the last week, as far as they are known. */
  loads: ReadonlyMap<number, Load>;
  /** How far it looks. */
  furthestMs: number;
}

/** The share of points that tell where the level is now. Chosen: steps and slow noise show, one burst does not. */
const NOW_SHARE = 0.1;
/** How far above the trend the peaks count that reach the limit first. Chosen: all but the wildest. */
const PEAK_QUANTILE = 0.95;
/** Points before and after that a peak stands out of. Chosen: few, as a step is no peak. */
const AROUND = 3;
/** Chosen: exact enough for a leak of hours, and a few hundred steps for one of weeks. */
const STEPS = 600;

/** The seasonal naive method with drift: Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", 5.2. */
export function forecast(rhythm: Rhythm, curve: Curve, outlook: Outlook): Interval | null {
  const { points, ticks, bare } = rhythm;
  const line = (tick: number, slope: number): number => slope * tick + curve.bend * tick * tick;
  const rest = bare.map((level, i) => level - line(ticks[i] ?? 0, curve.slope));
  const lately = median(rest.slice(-Math.max(3, Math.round(rest.length * NOW_SHARE))));
  // A level that rises in steps is sometimes above its line and sometimes below.
  const level = rhythm.bent === null ? (lately + median(rest)) / 2 : lately;
  const peaks = points.map(
    ({ peak, low }, i) => peak - low + (rest[i] ?? 0) - median(rest.slice(Math.max(0, i - AROUND), i + AROUND + 1)),
  );
  const above = Math.max(0, quantileOf(peaks, PEAK_QUANTILE));
  return exhaustionAmong(
    momentsOf(rhythm, outlook),
    outlook.limit,
    curve,
    ({ tick, adds }, slope) => level + above + line(tick, slope) + adds,
  );
}

function momentsOf({ points, clock, perLoad, byHour }: Rhythm, { spanMs, widthMs, loads, furthestMs }: Outlook): Moment[] {
  const last = points.at(-1);
  const nowMs = (last?.atMs ?? 0) + widthMs / 2;
  const workSpan = (last?.load?.work ?? 0) - (points[0]?.load?.work ?? 0);
  // Nearby by minutes, far away by hours.
  const stepMs = Math.min(DAY_MS / 24, Math.max(BUCKET_MS, Math.min(furthestMs, spanMs * 4) / STEPS));
  const moments: Moment[] = [];
  let tick = 0;
  for (let aheadMs = 0; aheadMs <= furthestMs; aheadMs += stepMs) {
    const load = before(nowMs, aheadMs, WEEK_MS, loads) ?? before(nowMs, aheadMs, DAY_MS, loads) ?? last?.load ?? null;
    if (aheadMs > 0) tick += clock === 'time' ? stepMs / spanMs : ((load?.rate ?? 0) * stepMs) / 1000 / workSpan;
    const ofLoad = perLoad === null || load === null ? 0 : perLoad.rate * load.rate + perLoad.slow * load.slow;
    const phases = byHour?.length ?? 1;
    const phase = (phases - (Math.round(aheadMs / widthMs) % phases)) % phases;
    moments.push({ aheadMs, tick, adds: ofLoad + (byHour?.[phase] ?? 0) });
  }
  return moments;
}

/** The load at the same time of the last period, such as a week; undefined where that is not known. */
function before(nowMs: number, aheadMs: number, periodMs: number, loads: ReadonlyMap<number, Load>): Load | undefined {
  const periods = Math.floor(aheadMs / periodMs) + 1;
  return loads.get(Math.floor((nowMs + aheadMs - periods * periodMs) / BUCKET_MS) * BUCKET_MS);
}
