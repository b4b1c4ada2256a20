// Whether a level rises, how fast, and when that exhausts it: after load and hour have been taken out.

import type { Interval } from './detectors/exhaustion.js';
import { hamedRao } from './detectors/mann-kendall.js';
import type { SenSlope } from './detectors/sens-slope.js';
import { sensSlope } from './detectors/sens-slope.js';
import type { Curve, Outlook } from './forecast.js';
import { forecast } from './forecast.js';
import { leastSquares } from './least-squares.js';
import type { Rhythm } from './rhythm.js';
import { rhythmOf } from './rhythm.js';
import type { WindowPoint } from './window.js';

export interface Trend {
  /** What it grows with. */
  clock: Rhythm['clock'];
  /** How likely chance alone rises as much; 1 where load may be what rises. */
  pRising: number;
  /** In units an hour, over the whole window. */
  perHour: number;
  spanMs: number;
  /** Whether load, or two days, are known. */
  knowsRhythm: boolean;
  /** Null when that is not in sight. */
  timeToExhaustionMs: Interval | null;
}

/** Chosen: a curvature of so many standard errors is no accident, even for one of a thousand windows. */
const CERTAIN_BEND = 4;
const ERRORS_95 = 2;

/** Null of too few points. */
export function trendOf(window: readonly WindowPoint[], outlook: Omit<Outlook, 'spanMs'>): Trend | null {
  const rhythm = rhythmOf(window, outlook.widthMs);
  if (rhythm === null) return null;
  const { points, ticks, bare, clock, isApart, perLoad, byHour } = rhythm;
  const test = hamedRao(bare, 'cautious');
  const rising = bare.map((value, i) => ({ atMs: ticks[i] ?? 0, value }));
  const sen = sensSlope(rising, test.varS);
  const spanMs = (points.at(-1)?.atMs ?? 0) - (points[0]?.atMs ?? 0);
  return {
    clock,
    pRising: isApart && sen.low > 0 ? test.pRising : 1,
    perHour: (sen.slope / spanMs) * 3_600_000,
    spanMs,
    knowsRhythm: perLoad !== null || byHour !== null,
    timeToExhaustionMs: forecast(rhythm, curveOf(ticks, bare, sen), { ...outlook, spanMs }),
  };
}

/** Sen's line, unless the level certainly bends: then a parabola where it accelerates, and its slope of now where it settles. */
function curveOf(ticks: readonly number[], bare: readonly number[], sen: SenSlope): Curve {
  const beforeNow = ticks.map((tick) => tick - 1);
  const fit = leastSquares([ticks.map(() => 1), beforeNow, beforeNow.map((tick) => tick * tick)], bare);
  const [, slope = 0, bend = 0] = fit?.coefficients ?? [];
  const [, error = 0, bendError = Infinity] = fit?.errors ?? [];
  if (Math.abs(bend) <= CERTAIN_BEND * bendError) return { ...sen, bend: 0 };
  return { slope, low: slope - ERRORS_95 * error, high: slope + ERRORS_95 * error, bend: Math.max(0, bend) };
}
