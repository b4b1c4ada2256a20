// The mechanism that a pool's configuration names.

import type { PoolConfig } from '../../config/types.js';
import type { SessionKeyHash } from '../../state/session-key.js';
import type { SessionMechanism } from './mechanism.js';
import { createLiberty } from './servers/liberty.js';
import { createNone } from './none.js';
import { createWildfly } from './servers/wildfly.js';
import { createSharedSessions } from './shared-sessions.js';
import { createSharedStore } from './shared-store.js';
import { createTomcatCluster } from './servers/tomcat-cluster.js';
import { createTomcatSwap } from './tomcat-swap.js';

export function createMechanism(pool: PoolConfig, hash: SessionKeyHash): SessionMechanism {
  switch (pool.sessions.mechanism) {
    case 'tomcat-swap':
      return createTomcatSwap(pool, pool.sessions, hash);
    case 'tomcat-cluster':
      return createSharedSessions(pool, createTomcatCluster(pool, pool.sessions), pool.sessions.canary);
    case 'shared-store':
      return createSharedSessions(pool, createSharedStore(pool.sessions), pool.sessions.canary);
    case 'liberty':
      return createSharedSessions(pool, createLiberty(pool, pool.sessions), pool.sessions.canary);
    case 'wildfly':
      return createSharedSessions(pool, createWildfly(pool, pool.sessions, hash), pool.sessions.canary);
    case 'none':
      return createNone();
  }
}
