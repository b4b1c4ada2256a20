// How long machines take to answer, as a histogram: a request costs a logarithm and an addition, whatever the number of requests.

/** Everything quicker is in the first bucket. */
const LEAST_MS = 0.1;
/** Chosen: a bucket is 9 % wide, far below what anybody acts upon. */
const BUCKETS_PER_OCTAVE = 8;
/** Up to more than an hour. */
const OCTAVES = 26;

export class LatencyHistogram {
  private readonly counts = new Float64Array(BUCKETS_PER_OCTAVE * OCTAVES);

  add(ms: number): void {
    const bucket = ms <= LEAST_MS ? 0 : Math.ceil(Math.log2(ms / LEAST_MS) * BUCKETS_PER_OCTAVE);
    const index = Math.min(bucket, this.counts.length - 1);
    this.counts[index] = (this.counts[index] ?? 0) + 1;
  }

  /** Of each bucket that is not empty its upper bound in milliseconds and its count since the proxy began, the quickest first. */
  buckets(): [number, number][] {
    const found: [number, number][] = [];
    for (const [index, count] of this.counts.entries()) {
      if (count > 0) found.push([LEAST_MS * 2 ** (index / BUCKETS_PER_OCTAVE), count]);
    }
    return found;
  }
}
