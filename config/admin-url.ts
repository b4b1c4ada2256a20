// Where workers reach a proxy's admin API: at the address where it listens, unless that is every address.

import { originLike } from './origin.js';
import type { ProxyConfig } from './types.js';

/** What is allowed where `adminUrl` must not be missing. */
export const ADMIN_URL_NEEDED = `${originLike('http://proxy-1:8081')}: proxy.admin is every address of this host, and workers need one`;

/** Every address is nowhere for somebody else. Also in its other spellings, such as 0 and [0:0:0:0:0:0:0:0]. */
export function needsAdminUrl({ admin, adminUrl }: Pick<ProxyConfig, 'admin' | 'adminUrl'>): boolean {
  return adminUrl === null && /^[0.:]+$/.test(admin.host);
}
