// CUSUM: has the level risen for good, by more than chance? Sees small shifts that a ceiling is far above.

export interface Cusum {
  /** How far the values have risen above the reference, in standard deviations. */
  sum: number;
  /** Since how many values the sum has not been zero. */
  length: number;
}

export const NO_CHANGE: Cusum = { sum: 0, length: 0 };
/** Page, Biometrika 41, 1954; k and h as Montgomery, "Introduction to Statistical Quality Control", 9.1, advises: a shift of one deviation is found
 * after some ten values, and without any a false alarm comes after some 940, by Siegmund's approximation. (His 465 are of a chart that looks both ways.) */
export const SLACK_DEVIATIONS = 0.5;
export const LIMIT_DEVIATIONS = 5;

/** C = max(0, C + (x - mean) / deviation - k), upwards only: what falls does not age. With `most`, what was long ago does not stay for long. */
export function cusum(before: Cusum, standardised: number, most = Infinity): Cusum {
  const sum = Math.min(most, Math.max(0, before.sum + standardised - SLACK_DEVIATIONS));
  return sum === 0 ? NO_CHANGE : { sum, length: before.length + 1 };
}

export function hasRisen({ sum }: Cusum): boolean {
  return sum > LIMIT_DEVIATIONS;
}
