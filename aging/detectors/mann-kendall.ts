// The Mann-Kendall test: does a series tend to rise? Alone it cries wolf on load cycles and on noise that remembers.

import { upperTail, Z_95 } from './normal.js';
import { sensSlope } from './sens-slope.js';

export interface MannKendall {
  /** Pairs that rise minus pairs that fall. */
  s: number;
  varS: number;
  z: number;
  /** One-sided: how likely chance alone rises as much. */
  pRising: number;
  pTwoSided: number;
}

/**
 * Mann, Econometrica 13, 1945; Kendall, "Rank Correlation Methods", 1975; ties and continuity as in Gilbert, "Statistical Methods for
 * Environmental Pollution Monitoring", 1987, 16.4.2. Takes the values in order of time, whatever the distances between them.
 */
export function mannKendall(values: readonly number[]): MannKendall {
  return verdictOf(score(values), variance(values));
}

/**
 * The same with the variance of S corrected for autocorrelation: Hamed and Rao, J. Hydrology 204, 1998, eq. 15, over the ranks of what is
 * left without Sen's slope, by lags that are significant at 5 %. Negative autocorrelation narrows the variance, even below zero, and in short
 * series chance alone brings it about at long lags; `cautious` leaves it out, which is what an alarm wants. `rest` is what is left where the
 * trend is known to be no line: of a parabola, a line leaves what looks like long memory.
 */
export function hamedRao(
  values: readonly number[],
  mode: 'as published' | 'cautious' = 'as published',
  rest: readonly number[] = withoutLine(values),
): MannKendall {
  const n = values.length;
  const autocorrelation = autocorrelations(ranks(rest));
  const significant = Z_95 / Math.sqrt(n);
  let sum = 0;
  for (let lag = 1; lag < n; lag++) {
    const r = autocorrelation[lag] ?? 0;
    if ((mode === 'cautious' ? r : Math.abs(r)) > significant) sum += (n - lag) * (n - lag - 1) * (n - lag - 2) * r;
  }
  const correction = n < 3 ? 1 : 1 + (2 / (n * (n - 1) * (n - 2))) * sum;
  return verdictOf(score(values), variance(values) * correction);
}

function withoutLine(values: readonly number[]): number[] {
  const { slope } = sensSlope(values.map((value, index) => ({ atMs: index, value })));
  return values.map((value, index) => value - (index + 1) * slope);
}

function verdictOf(s: number, varS: number): MannKendall {
  const z = s === 0 || varS === 0 ? 0 : (s - Math.sign(s)) / Math.sqrt(varS);
  return { s, varS, z, pRising: upperTail(z), pTwoSided: 2 * upperTail(Math.abs(z)) };
}

function score(values: readonly number[]): number {
  let s = 0;
  for (const [i, earlier] of values.entries()) {
    for (let j = i + 1; j < values.length; j++) {
      const later = values[j] ?? earlier;
      if (later > earlier) s++;
      else if (later < earlier) s--;
    }
  }
  return s;
}

function variance(values: readonly number[]): number {
  const ties = new Map<number, number>();
  for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1);
  const term = (t: number): number => t * (t - 1) * (2 * t + 5);
  let tied = 0;
  for (const count of ties.values()) tied += term(count);
  return (term(values.length) - tied) / 18;
}

/** From 1, ties share the mean of their ranks. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((value, index) => ({ value, index })).sort((one, other) => one.value - other.value);
  const found = new Array<number>(values.length).fill(0);
  for (let first = 0; first < order.length;) {
    let next = first + 1;
    while (next < order.length && order[next]?.value === order[first]?.value) next++;
    for (const { index } of order.slice(first, next)) found[index] = (first + 1 + next) / 2;
    first = next;
  }
  return found;
}

/** By lag, with the same divisor for all lags; zero where nothing varies. */
function autocorrelations(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = values.map((value) => value - mean);
  const covariance = centred.map((_, lag) => {
    let sum = 0;
    for (let i = lag; i < centred.length; i++) sum += (centred[i] ?? 0) * (centred[i - lag] ?? 0);
    return sum;
  });
  const all = covariance[0] ?? 0;
  return covariance.map((value) => (all === 0 ? 0 : value / all));
}
