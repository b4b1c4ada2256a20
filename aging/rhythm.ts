// Takes out of a level what comes and goes with load and with the hour of the day; a leak is what is left.

import type { Course } from './course.js';
import { courseOf, isApartFromLoad } from './course.js';
import { median } from './detectors/robust.js';
import type { WindowPoint } from './window.js';
import { pointsADay } from './window.js';

export interface Rhythm extends Course {
  points: readonly WindowPoint[];
  /** The levels without load and hour. */
  bare: number[];
  knowsLoad: boolean;
  /** By point of the day, counted back from the last; null where there are too few days to tell. */
  byHour: number[] | null;
  /** False where load may be all that has raised the level. */
  isApart: boolean;
}

/** Where samples of the load are missing for more than that share of points, it is not known. Chosen. */
const LOAD_KNOWN_SHARE = 0.8;
/** Chosen: two days compare each hour once; where load is known, an hour's own habits may wait for a third, as a step looks like one of two. */
const LEAST_DAYS = 2;
const LEAST_DAYS_BESIDE_LOAD = 3;

/** Null of too few points. */
export function rhythmOf(all: readonly WindowPoint[], widthMs: number): Rhythm | null {
  const loaded = all.filter(({ load }) => load !== null);
  const knowsLoad = loaded.length >= all.length * LOAD_KNOWN_SHARE;
  const points = knowsLoad ? loaded : all;
  const course = courseOf(points, knowsLoad);
  if (course === null) return null;
  const { ticks, perLoad } = course;
  const loadless = points.map(({ low, load }) =>
    perLoad === null || load === null ? low : low - perLoad.rate * load.rate - perLoad.slow * load.slow,
  );
  const phases = pointsADay(widthMs);
  const phaseOf = (index: number): number =>
    Math.round(((points.at(-1)?.atMs ?? 0) - (points[index]?.atMs ?? 0)) / widthMs) % phases;
  const byPhase = Array.from({ length: phases }, (): number[] => []);
  for (const [index] of points.entries()) byPhase[phaseOf(index)]?.push(index);
  const days = (points.length + 1) / phases;
  const byHour = days < (knowsLoad ? LEAST_DAYS_BESIDE_LOAD : LEAST_DAYS) ? null : hourly(byPhase, ticks, loadless);
  return {
    ...course,
    points,
    bare: byHour === null ? loadless : loadless.map((level, index) => level - (byHour[phaseOf(index)] ?? 0)),
    knowsLoad,
    byHour,
    isApart: !knowsLoad || isApartFromLoad(points, course),
  };
}

/** What is left of the level at each hour, by pairs a whole number of days apart (Hirsch, Slack and Smith, Water Resources Research 18, 1982). */
function hourly(byPhase: readonly number[][], ticks: readonly number[], levels: readonly number[]): number[] | null {
  const slopes = byPhase.flatMap((indices) =>
    indices.flatMap((i, k) =>
      indices.slice(k + 1).map((j) => ((levels[j] ?? 0) - (levels[i] ?? 0)) / ((ticks[j] ?? 0) - (ticks[i] ?? 0))),
    ),
  );
  const slope = median(slopes.filter(Number.isFinite));
  if (Number.isNaN(slope)) return null;
  const usual = byPhase.map((indices) => median(indices.map((i) => (levels[i] ?? 0) - slope * (ticks[i] ?? 0))));
  const middle = median(usual.filter((level) => !Number.isNaN(level)));
  return usual.map((level) => (Number.isNaN(level) ? 0 : level - middle));
}
