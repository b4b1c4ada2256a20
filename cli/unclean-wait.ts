// Why a pool that moves may have nothing to show for it: requests of a proxy that ended without order may still run.

import type { PoolConfig } from '../config/types.js';
import type { Queryable } from '../state/database.js';
import type { PoolRow } from '../state/pool.js';
import { sinceUncleanEndMs } from '../state/proxy-register.js';
import { seconds } from './restart-outcome.js';

/** How long nothing will be committed yet; null when no end of a proxy keeps the pool waiting. */
export async function uncleanWaitMs(
  { name, limits }: PoolConfig,
  { phase }: Pick<PoolRow, 'phase'>,
  database: Queryable,
): Promise<number | null> {
  if (phase !== 'moving') return null;
  const endedMs = await sinceUncleanEndMs(database, name);
  return endedMs === null || endedMs >= limits.requestTimeoutMs ? null : Math.ceil(limits.requestTimeoutMs - endedMs);
}

export function describeUncleanWait(ms: number): string {
  return `moves nothing for another ${seconds(ms)}: a proxy has ended whose requests may still run (limits.requestTimeoutMs)`;
}
