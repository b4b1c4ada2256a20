// When a rising level reaches its limit.

/** Milliseconds from now. `high` is null where the slower slope does not get there in sight. */
export interface Interval {
  estimate: number;
  low: number;
  high: number | null;
}

export interface Slopes {
  slope: number;
  low: number;
  high: number;
}

/** One moment of what is to come: the clock by which the level rises, and what load and hour add then. */
export interface Moment {
  aheadMs: number;
  tick: number;
  adds: number;
}

/**
 * The first of the moments to come at which `levelAt` has reached the limit, by each of the slopes; null when that is none of them, or the
 * level does not rise. Without ups and downs that is (limit - level) / slope.
 */
export function exhaustionAmong(
  moments: readonly Moment[],
  limit: number,
  { slope, low, high }: Slopes,
  levelAt: (moment: Moment, slope: number) => number,
): Interval | null {
  const first = (by: number): number | null => moments.find((moment) => levelAt(moment, by) >= limit)?.aheadMs ?? null;
  const estimate = slope > 0 ? first(slope) : null;
  if (estimate === null) return null;
  return { estimate, low: Math.min(estimate, first(Math.max(slope, high)) ?? estimate), high: low > 0 ? first(low) : null };
}
