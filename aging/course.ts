// How a level has come to where it is: by time or by requests served, evenly or faster and faster, and whether load moves it besides.

import type { Fit } from './least-squares.js';
import { leastSquares } from './least-squares.js';
import type { WindowPoint } from './window.js';

export interface Course {
  clock: 'time' | 'requests';
  /** The clock at each point, from -1 at the first to 0 at the last. */
  ticks: number[];
  /** Slope of now with its standard error, and half of the second derivative, when the level certainly bends. */
  bent: { slope: number; error: number; bend: number } | null;
  /** Per request a second: of the load at the time, and of that of the last hour or so. Null where load does not move it. */
  perLoad: { rate: number; slow: number } | null;
}

interface Candidate extends Course {
  fit: Fit;
  columns: number;
}

/**
 * The candidate of the least Bayesian information criterion (Schwarz, Annals of Statistics 6, 1978), by independent rows: one more column must
 * explain more than chance would. Null of too few points.
 */
export function courseOf(points: readonly WindowPoint[], knowsLoad: boolean): Course | null {
  const time = ticksOf(points.map(({ atMs }) => atMs));
  const work = knowsLoad ? ticksOf(points.map(({ load }) => load?.work ?? 0)) : null;
  const candidates = [
    ...(time === null ? [] : candidatesOf(points, 'time', time, knowsLoad)),
    ...(work === null ? [] : candidatesOf(points, 'requests', work, knowsLoad)),
  ];
  const rows = Math.max(...candidates.map(({ fit }) => fit.effectiveRows));
  const criterion = ({ fit, columns, clock }: Candidate): number =>
    rows * Math.log(Math.max(fit.squares, 1e-12)) + columns * Math.log(rows) + (clock === 'requests' ? STRONG : 0);
  return candidates.sort((one, other) => criterion(one) - criterion(other))[0] ?? null;
}

/** False where clock and load have risen together so far that nobody can tell which of them has raised the level. */
export function isApartFromLoad(points: readonly WindowPoint[], { ticks, bent }: Course): boolean {
  const loads = loadsOf(points);
  // What load has not done itself it cannot have done to the level.
  if (loads.every((load) => !rises(load, ticks))) return true;
  const squared = bent === null ? [] : [ticks.map((tick) => tick * tick)];
  const fit = leastSquares([ones(ticks), ticks, ...squared, ...loads], levelsOf(points));
  return fit === null || (fit.coefficients[1] ?? 0) > APART_ERRORS * (fit.errors[1] ?? 0);
}

/** For intervals of 95 %, as usual. */
export const ERRORS_95 = 2;
/** Chosen: in 16 simulated weeks of a day's cycle, 1.6 gave two false alarms, and 2 none. */
const APART_ERRORS = 2.5;
const NO_LOAD = { rate: false, slow: false };
const LOADS = [NO_LOAD, { rate: true, slow: false }, { rate: false, slow: true }, { rate: true, slow: true }];
/** "Strong" evidence (Kass and Raftery, J. American Statistical Association 90, 1995): only then work is the clock rather than time. */
const STRONG = 6;

function candidatesOf(points: readonly WindowPoint[], clock: Course['clock'], ticks: number[], knowsLoad: boolean): Candidate[] {
  const levels = levelsOf(points);
  const squared = ticks.map((tick) => tick * tick);
  const [rates = [], slows = []] = loadsOf(points);
  const found: Candidate[] = [];
  for (const bends of [false, true]) {
    for (const moves of knowsLoad ? LOADS : [NO_LOAD]) {
      const loads = [...(moves.rate ? [rates] : []), ...(moves.slow ? [slows] : [])];
      const columns = [ones(ticks), ticks, ...(bends ? [squared] : []), ...loads];
      const fit = leastSquares(columns, levels);
      if (fit === null) continue;
      const [, slope = 0, bend = 0] = fit.coefficients;
      const ofLoads = fit.coefficients.slice(columns.length - loads.length);
      const rate = moves.rate ? (ofLoads[0] ?? 0) : 0;
      const slow = moves.slow ? (ofLoads.at(-1) ?? 0) : 0;
      // Load that would lower the level is something else than load.
      if (loads.length > 0 && rate + slow <= 0) continue;
      const bent = bends ? { slope, error: fit.errors[1] ?? 0, bend } : null;
      found.push({ clock, ticks, bent, perLoad: loads.length > 0 ? { rate, slow } : null, fit, columns: columns.length });
    }
  }
  return found;
}

function rises(values: readonly number[], ticks: readonly number[]): boolean {
  const middle = ticks.reduce((sum, tick) => sum + tick, 0) / ticks.length;
  return values.reduce((sum, value, i) => sum + value * ((ticks[i] ?? middle) - middle), 0) > 0;
}

function levelsOf(points: readonly WindowPoint[]): number[] {
  return points.map(({ low }) => low);
}

function loadsOf(points: readonly WindowPoint[]): number[][] {
  return [points.map(({ load }) => load?.rate ?? 0), points.map(({ load }) => load?.slow ?? 0)];
}

function ones(values: readonly number[]): number[] {
  return values.map(() => 1);
}

function ticksOf(values: readonly number[]): number[] | null {
  const last = values.at(-1) ?? 0;
  const span = last - (values[0] ?? 0);
  return span > 0 ? values.map((value) => (value - last) / span) : null;
}
