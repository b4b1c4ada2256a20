// Whether the proxies of a pool have been started with the configuration that a worker, or a check, goes by.

import { routingSettings } from '../config/routing-settings.js';
import type { PoolConfig } from '../config/types.js';
import type { PoolReport } from '../proxy/admin-api.js';
import { proxyDiffers } from './errors.js';

/**
 * Refuses with PROXY_DIFFERS what would move other sessions than clients have: a proxy that looks for ids elsewhere holds no request of
 * theirs. What a proxy does not tell, as one of another version may not, is believed.
 */
export function mustBeAlike(pool: PoolConfig, reports: readonly PoolReport[]): void {
  const ours = routingSettings(pool);
  for (const { proxy = '', settings } of reports) {
    if (settings === undefined) continue;
    for (const [field, value] of Object.entries(ours)) {
      const theirs = settings[field];
      if (theirs !== undefined && theirs !== value) throw proxyDiffers(pool.name, proxy, field, theirs, value);
    }
  }
}
