// A Tomcat shop that ages on purpose, watched by a clock that goes faster: a working day of aging within minutes.

import type { PoolFile } from './installation.js';
import type { Leak } from './options.js';
import type { TomcatShopOptions } from './tomcat-shop.js';
import { tomcatShop } from './tomcat-shop.js';

/** One second stands for so many: a leak that kills within minutes is watched as one that kills within a day. */
export const TIME_SCALE = 600;
/** Chosen: a sample every three minutes of that clock. */
const INTERVAL_MS = 300;
/** Chosen: each hour of that clock; until a JVM collects its old generation by itself, what leaks looks like garbage. */
const COLLECT_EVERY_MS = 3_600_000;
/** Chosen: by then every thread of the connector waits. */
const TOO_SLOW_MS = 600;
const OWN_SETTINGS: Record<Leak, object> = {
  heap: { collectEveryMs: COLLECT_EVERY_MS },
  threads: {},
  slow: { tooSlowMs: TOO_SLOW_MS },
};
/** How long the machine would live, about. */
const LIFE_S = 120;

/** What each request costs, so that the machine dies after about LIFE_S at this many requests a second. */
const AMOUNT: Record<Leak, (rate: number) => number> = {
  // Of a heap of 512 MiB.
  heap: (rate) => (330 * 2 ** 20) / (rate * LIFE_S),
  // Of 2,000 threads.
  threads: (rate) => (rate * LIFE_S) / 1950,
  // Where every thread of the connector waits at once.
  slow: (rate) => (rate * LIFE_S) / (200_000 / rate),
};

/** What shows the aging: a series of detection. */
export const SHOWN: Record<Leak, string> = { heap: 'heapAfterGc', threads: 'threads', slow: 'latencyP95' };

export async function agingShop(
  directory: string,
  kind: Leak,
  rate: number,
  options: Pick<TomcatShopOptions, 'onProgress' | 'signal'>,
): Promise<PoolFile> {
  const shop = await tomcatShop(directory, { ...options, leak: { kind, amount: Math.max(1, Math.round(AMOUNT[kind](rate))) } });
  const monitor = { intervalMs: INTERVAL_MS, timeoutMs: 5000, timeScale: TIME_SCALE };
  return {
    ...shop,
    pool: {
      ...shop.pool,
      policy: {},
      monitor: { ...monitor, ...OWN_SETTINGS[kind] },
    },
  };
}
