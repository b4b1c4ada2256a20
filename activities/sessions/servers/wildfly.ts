// WildFly and JBoss EAP. Their machines are a cluster, in which Infinispan has each session on both (docs/servers/wildfly.md), or they keep
// sessions in a remote Infinispan of which both are clients (docs/servers/wildfly-remote.md): the management API tells which.
//
// Ids: JSESSIONID, bare with affinity=none, else `ID.node`, of which the node is no part. Listed by `list-sessions` of both nodes of a cluster;
// those in a remote store nobody lists.
// Hand-over: nothing; what is saved is on both, or in the store, where each request reads it anew. Needed: a distributable application, and a
// cluster of both (standalone-ha) or the same remote cache.
// Barrier: of a cluster its locks (wildfly-locks.ts), of a store the threads that execute requests (wildfly-threads.ts).
// In flight: the same threads, whatever clients and proxies have seen. Ready: a node registers an application's context once it has
// fetched its cache, or found it in the store, so the pool's health check tells; both nodes of a cluster then have as many entries.

import type { MachineConfig, PoolConfig, WildflyConfig } from '../../../config/types.js';
import type { SessionKeyHash } from '../../../state/session-key.js';
import type { MachinePair } from '../mechanism.js';
import type { SharingServer } from '../sharing-server.js';
import { mustNameAll } from './wildfly-applications.js';
import type { WildflyBarrier, WildflyPair } from './wildfly-barrier.js';
import { createLockBarrier, LOCKS_MS } from './wildfly-locks.js';
import { WildflyManagement } from './wildfly-management.js';
import { mustShareSessions } from './wildfly-pair.js';
import type { Keeper } from './wildfly-state.js';
import { WildflyState } from './wildfly-state.js';
import { createThreadBarrier } from './wildfly-threads.js';

export function createWildfly(pool: PoolConfig, config: WildflyConfig, hash: SessionKeyHash): SharingServer {
  const states = new Map(
    pool.machines.map((machine) => [
      machine.name,
      new WildflyState(new WildflyManagement(machine, config.management), config.deployment),
    ]),
  );
  const of = ({ name }: MachineConfig): WildflyState => states.get(name) as WildflyState;
  const both = ({ primary, standby }: MachinePair): WildflyPair => ({ primary: of(primary), standby: of(standby) });
  const by = ({ kind, container }: Keeper): WildflyBarrier =>
    kind === 'cluster' ? createLockBarrier(container, hash) : createThreadBarrier();
  let barrier: WildflyBarrier | null = null;
  /** A worker that goes on with a restart has not seen its preflight. */
  const theirs = async ({ primary }: MachinePair, signal: AbortSignal): Promise<WildflyBarrier> =>
    (barrier ??= by(await of(primary).keeper(signal)));

  return {
    barrierMs: LOCKS_MS,
    async inspect(machine, { signal }) {
      const { management } = of(machine);
      await of(machine).keeper(signal);
      await mustNameAll(management, config, signal);
    },
    async mustShare(pair, call) {
      barrier = by(await mustShareSessions(of(pair.primary), of(pair.standby), call));
    },
    async saved(pair, keys, { signal }) {
      return (await theirs(pair, signal)).saved(both(pair), keys, signal);
    },
    async allSaved(pair, endsAt, { signal }) {
      return (await theirs(pair, signal)).allSaved(both(pair), endsAt, signal);
    },
    async survivors(standby, { signal }) {
      const state = of(standby);
      const { kind, container } = await state.keeper(signal);
      return kind === 'cluster' ? state.entries(container, signal) : null;
    },
    async close() {
      await Promise.all([...states.values()].map((state) => state.close()));
    },
  };
}
