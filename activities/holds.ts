// How long requests were held, as the proxies have counted it in this restart.

import type { ProxyFleet } from './proxy-fleet.js';
import { quantile } from './quantile.js';

export interface Holds {
  holdMs: { p50: number; p99: number; max: number };
  /** Requests answered 503 because their session's owner was not decided in time. */
  holdsExpired: number;
}

/** All proxies' together. Throws where one does not answer. */
export async function holdsSoFar(proxies: Pick<ProxyFleet, 'holdTimes'>): Promise<Holds> {
  const times = await proxies.holdTimes();
  const waits = times.flatMap((one) => one.waitsMs).sort((a, b) => a - b);
  return {
    holdMs: { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), max: quantile(waits, 1) },
    holdsExpired: times.reduce((sum, one) => sum + one.expired, 0),
  };
}
