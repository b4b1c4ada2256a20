// Middle and spread that a few wild values do not move.

/** MAD of normal values times this is their standard deviation (Rousseeuw and Croux, J. American Statistical Association 88, 1993). */
const NORMAL = 1.4826;

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  return medianOfSorted(Float64Array.from(values).sort());
}

export function medianOfSorted(sorted: ArrayLike<number>): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** Median absolute deviation from `centre`, scaled to be a standard deviation where values are normal. */
export function deviation(values: readonly number[], centre: number): number {
  return NORMAL * median(values.map((value) => Math.abs(value - centre)));
}

/** Between two ranks in proportion; NaN of nothing. */
export function quantileOf(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  const index = q * (sorted.length - 1);
  const below = sorted[Math.floor(index)] ?? NaN;
  return below + ((sorted[Math.ceil(index)] ?? below) - below) * (index - Math.floor(index));
}
