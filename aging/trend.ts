// Whether a level rises, how fast, and when that exhausts it: after load and hour have been taken out.

import { ERRORS_95 } from './course.js';
import { isEven } from './detectors/even-rise.js';
import type { Interval } from './detectors/exhaustion.js';
import { hamedRao } from './detectors/mann-kendall.js';
import { isOneStep, riseOf } from './detectors/one-step.js';
import type { SenSlope } from './detectors/sens-slope.js';
import { sensSlope } from './detectors/sens-slope.js';
import type { Curve, Outlook } from './forecast.js';
import { forecast } from './forecast.js';
import type { Rhythm } from './rhythm.js';
import { rhythmOf } from './rhythm.js';
import type { WindowPoint } from './window.js';

export interface Trend {
  /** What it grows with. */
  clock: Rhythm['clock'];
  /** How likely chance alone rises as much. */
  pRising: number;
  /** In units an hour, over the whole window. */
  perHour: number;
  spanMs: number;
  /** Whether load, or days, are known. */
  knowsRhythm: boolean;
  /** Whether it is certainly not load that has raised it. */
  isApart: boolean;
  /** Whether most of it came at once, as when a machine is set up otherwise. */
  isOneStep: boolean;
  /** Whether what a curve says of now can be seen now: a parabola through half a day's cycle goes on where the cycle turns. */
  isOngoing: boolean;
  /** Whether both halves of the time have brought it. */
  isEven: boolean;
  /** By how much it has lately risen more slowly than over the whole window; 1 where it has not. */
  slowedBy: number;
  /** Null when that is not in sight. */
  timeToExhaustionMs: Interval | null;
}

/** Chosen: the last sixth must rise at least half as fast as the curve says. */
const LATELY_SHARE = 1 / 6;
const LATELY_SLOPE = 0.5;
/** Chosen: of a sixth the slope is too uncertain to be divided by. */
const SLOWED_SHARE = 1 / 4;
/** A trend that is steeper than what the level has really risen by was made by taking out load. Chosen: half of it may have been hidden. */
const MOST_HIDDEN = 2;

/** Null of too few points. */
export function trendOf(window: readonly WindowPoint[], outlook: Omit<Outlook, 'spanMs'>): Trend | null {
  const rhythm = rhythmOf(window, outlook.widthMs);
  if (rhythm === null) return null;
  const { points, ticks, bare, clock, isApart, knowsLoad, byHour } = rhythm;
  const test = hamedRao(bare, 'cautious', withoutBend(rhythm));
  const rising = bare.map((value, i) => ({ atMs: ticks[i] ?? 0, value }));
  const sen = sensSlope(rising, test.varS);
  const spanMs = (points.at(-1)?.atMs ?? 0) - (points[0]?.atMs ?? 0);
  return {
    clock,
    pRising: sen.low > 0 ? test.pRising : 1,
    perHour: (sen.slope / spanMs) * 3_600_000,
    spanMs,
    knowsRhythm: knowsLoad || byHour !== null,
    isApart: isApart && sen.slope <= MOST_HIDDEN * riseOf(points.map(({ low }) => low)),
    isOneStep: isOneStep(bare),
    isOngoing: isOngoing(rhythm),
    isEven: isEven(bare),
    slowedBy: Math.max(1, sen.slope / Math.max(0, latelySlope(rhythm, SLOWED_SHARE))),
    timeToExhaustionMs: forecast(rhythm, curveOf(rhythm, sen), { ...outlook, spanMs }),
  };
}

/** Sen's line, unless the level certainly bends: then a parabola where it accelerates, and its slope of now where it settles. */
function curveOf({ bent }: Rhythm, sen: SenSlope): Curve {
  if (bent === null) return { ...sen, bend: 0 };
  const { slope, error, bend } = bent;
  return { slope, low: slope - ERRORS_95 * error, high: slope + ERRORS_95 * error, bend: Math.max(0, bend) };
}

/** Undefined where a line is what is to be taken out. */
function withoutBend({ bent, bare, ticks }: Rhythm): number[] | undefined {
  if (bent === null) return undefined;
  return bare.map((level, i) => level - bent.slope * (ticks[i] ?? 0) - bent.bend * (ticks[i] ?? 0) ** 2);
}

function isOngoing({ bent, bare, ticks }: Rhythm): boolean {
  if (bent === null || bent.bend < 0) return true;
  return latelySlope({ bare, ticks }, LATELY_SHARE) >= LATELY_SLOPE * bent.slope;
}

/** Sen's, of the last share of the points. */
function latelySlope({ bare, ticks }: Pick<Rhythm, 'bare' | 'ticks'>, share: number): number {
  const lately = Math.max(4, Math.round(bare.length * share));
  const points = bare.map((value, i) => ({ atMs: ticks[i] ?? 0, value })).slice(-lately);
  return sensSlope(points).slope;
}
