// Takes out of a level what comes and goes with load and with the hour of the day; a leak is what is left.

import { median } from './detectors/robust.js';
import { leastSquares } from './least-squares.js';
import type { WindowPoint } from './window.js';
import { pointsADay } from './window.js';

export interface Rhythm {
  points: readonly WindowPoint[];
  /** What the level grows with: clock time, or requests served, whichever explains it better. */
  clock: 'time' | 'requests';
  /** The clock at each point, from 0 at the first to 1 at the last. */
  ticks: number[];
  /** The levels without load and hour. */
  bare: number[];
  /** Per request a second: of the load at the time, and of that of the last hour or so. Null where load is not known. */
  perLoad: { rate: number; slow: number } | null;
  /** By point of the day, counted back from the last; null before two whole days. */
  byHour: number[] | null;
  /** False where time and load have risen together so far that nobody can tell which of them raises the level. */
  isApart: boolean;
}

/** Chosen: work must explain clearly more, as without any difference the choice would be noise. */
const CLEARLY_BETTER = 0.8;
/** Two standard errors, as usual. */
const ERRORS = 2;
/** Where samples of the load are missing for more than that share of points, it is not known. Chosen. */
const LOAD_KNOWN_SHARE = 0.8;

export function rhythmOf(all: readonly WindowPoint[], widthMs: number): Rhythm | null {
  const loaded = all.filter(({ load }) => load !== null);
  const knowsLoad = loaded.length >= all.length * LOAD_KNOWN_SHARE;
  const points = knowsLoad ? loaded : all;
  const time = normalised(points.map(({ atMs }) => atMs));
  if (time === null) return null;
  const levels = points.map(({ low }) => low);
  const byTime = withoutLoad(points, levels, time, knowsLoad);
  if (byTime === null) return null;
  const work = knowsLoad ? normalised(points.map(({ load }) => load?.work ?? 0)) : null;
  const byWork = work === null ? null : withoutLoad(points, levels, work, true);
  const isWork = byWork !== null && byWork.squares < CLEARLY_BETTER * byTime.squares;
  const { bare, perLoad, isApart } = isWork ? byWork : byTime;
  const ticks = isWork && work !== null ? work : time;
  const byHour = hourly(points, ticks, bare, widthMs);
  const phases = byHour?.length ?? 1;
  return {
    ...{ points, clock: isWork ? 'requests' : 'time', ticks, perLoad, byHour, isApart },
    bare: byHour === null ? bare : bare.map((level, i) => level - (byHour[phaseOf(points, i, widthMs, phases)] ?? 0)),
  };
}

function withoutLoad(points: readonly WindowPoint[], levels: readonly number[], ticks: readonly number[], knowsLoad: boolean) {
  const ones = ticks.map(() => 1);
  const rate = points.map(({ load }) => load?.rate ?? 0);
  const slow = points.map(({ load }) => load?.slow ?? 0);
  const plain = { bare: [...levels], perLoad: null, isApart: true };
  const fit = knowsLoad ? leastSquares([ones, ticks, rate, slow], levels) : null;
  const [, , perRate = 0, perSlow = 0] = fit?.coefficients ?? [];
  // Load that would lower the level is noise, or something else than load.
  if (fit === null || perRate + perSlow <= 0) {
    const alone = leastSquares([ones, ticks], levels);
    return alone === null ? null : { ...plain, squares: alone.squares, perLoad: knowsLoad ? { rate: 0, slow: 0 } : null };
  }
  return {
    squares: fit.squares,
    bare: levels.map((level, i) => level - perRate * (rate[i] ?? 0) - perSlow * (slow[i] ?? 0)),
    perLoad: { rate: perRate, slow: perSlow },
    isApart: (fit.coefficients[1] ?? 0) > ERRORS * (fit.errors[1] ?? 0),
  };
}

/** What is left of the level at each hour, by pairs a whole number of days apart (Hirsch, Slack and Smith, Water Resources Research 18, 1982). */
function hourly(
  points: readonly WindowPoint[],
  ticks: readonly number[],
  bare: readonly number[],
  widthMs: number,
): number[] | null {
  const phases = pointsADay(widthMs);
  const first = points[0]?.atMs ?? 0;
  const last = points.at(-1)?.atMs ?? 0;
  if (last - first + widthMs < 2 * phases * widthMs) return null;
  const byPhase = Array.from({ length: phases }, (): number[] => []);
  for (const [i] of points.entries()) byPhase[phaseOf(points, i, widthMs, phases)]?.push(i);
  const slope = median(
    byPhase.flatMap((indices) =>
      indices.flatMap((i, k) =>
        indices.slice(k + 1).map((j) => ((bare[j] ?? 0) - (bare[i] ?? 0)) / ((ticks[j] ?? 0) - (ticks[i] ?? 0) || NaN)),
      ),
    ),
  );
  if (Number.isNaN(slope)) return null;
  const levels = byPhase.map((indices) => median(indices.map((i) => (bare[i] ?? 0) - slope * (ticks[i] ?? 0))));
  const middle = median(levels.filter((level) => !Number.isNaN(level)));
  return levels.map((level) => (Number.isNaN(level) ? 0 : level - middle));
}

function phaseOf(points: readonly WindowPoint[], index: number, widthMs: number, phases: number): number {
  const last = points.at(-1)?.atMs ?? 0;
  return Math.round((last - (points[index]?.atMs ?? last)) / widthMs) % phases;
}

function normalised(values: readonly number[]): number[] | null {
  const first = values[0] ?? 0;
  const span = (values.at(-1) ?? 0) - first;
  return span > 0 ? values.map((value) => (value - first) / span) : null;
}
