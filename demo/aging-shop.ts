// A Tomcat shop that ages on purpose, watched by a clock that goes faster: a working day of aging within minutes.

import type { ShopLeak } from '../embedded/tomcat-base.js';
import type { PoolFile } from './installation.js';
import type { TomcatShopOptions } from './tomcat-shop.js';
import { tomcatShop } from './tomcat-shop.js';

/** One second stands for so many: a leak that kills within minutes is watched as one that kills within a day. */
export const TIME_SCALE = 600;
/** Chosen: a sample every three minutes of that clock. */
const INTERVAL_MS = 300;
/** Chosen: each hour of that clock; until a JVM collects its old generation by itself, what leaks looks like garbage. */
const COLLECT_EVERY_MS = 3_600_000;
/** Chosen: with the demo's load nearly every thread of the connector waits by then. */
const TOO_SLOW_MS = 600;
const OWN_SETTINGS: Record<ShopLeak['kind'], object> = {
  heap: { collectEveryMs: COLLECT_EVERY_MS },
  threads: {},
  connections: {},
  slow: { tooSlowMs: TOO_SLOW_MS },
};
/** How long the machine would live, about. */
const LIFE_S = 120;

/** What each request costs, so that the machine dies after about LIFE_S at this many requests a second. */
const AMOUNT: Record<ShopLeak['kind'], (rate: number) => number> = {
  // Of a heap of 512 MiB.
  heap: (rate) => (330 * 2 ** 20) / (rate * LIFE_S),
  // Of 2,000 threads.
  threads: (rate) => (rate * LIFE_S) / 1950,
  // Of 4,096 open files; the server's own ends of idle connections take some of them for a minute.
  connections: (rate) => (rate * LIFE_S) / 2600,
  slow: (rate) => (rate * LIFE_S) / TOO_SLOW_MS,
};

/** What shows the aging: a series of detection. */
export const SHOWN: Record<ShopLeak['kind'], string> = {
  heap: 'heapAfterGc',
  threads: 'threads',
  connections: 'fileHandles',
  slow: 'latencyP95',
};

export async function agingShop(
  directory: string,
  kind: ShopLeak['kind'],
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
