// The standard normal distribution, as far as the tests here need it.

/** Two-sided 95 %: the quantile 0.975. */
export const Z_95 = 1.959963984540054;
/** From here on the series would lose digits to cancellation, and the continued fraction has settled after TERMS. */
const FAR = 3;
const TERMS = 80;

/**
 * P(Z > z), to about 14 digits, in the tail too. Near zero: the series of Marsaglia, "Evaluating the Normal Distribution", J. Stat.
 * Software 11(4), 2004; far out: Laplace's continued fraction of Mills' ratio (Abramowitz and Stegun, 26.2.14).
 */
export function upperTail(z: number): number {
  if (Number.isNaN(z)) return NaN;
  if (z < -FAR) return 1 - upperTail(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > FAR) {
    let fraction = z;
    for (let term = TERMS; term >= 1; term--) fraction = z + term / fraction;
    return density / fraction;
  }
  let sum = z;
  for (let term = z, i = 3; Math.abs(term) > 1e-17; i += 2) {
    term *= (z * z) / i;
    sum += term;
  }
  return 0.5 - density * sum;
}
