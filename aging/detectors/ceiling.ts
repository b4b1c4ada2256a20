// Ceilings: what has to end however it came about.

/**
 * Whether the last values are all over the ceiling; false of none. Of a resource they are the lowest of each bucket, so it never falls below.
 * Of the share of time spent in collections they are means (WebSphere's GC_PERCENTAGE): a heap that thrashes may look steady.
 */
export function isOverCeiling(values: readonly number[], ceiling: number): boolean {
  return values.length > 0 && values.every((value) => value >= ceiling);
}
