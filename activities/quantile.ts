// Exact quantiles of recorded numbers.

/** Nearest-rank quantile (`q` in 0..1) of ascending numbers, to a tenth; 0 when there are none. */
export function quantile(ascending: readonly number[], q: number): number {
  const value = ascending[Math.max(0, Math.ceil(q * ascending.length) - 1)] ?? 0;
  return Math.round(value * 10) / 10;
}
