// Whether a pool's sessions could be handed over, as the preflight of a clean restart finds it.

import { untilHealthy } from '../activities/health.js';
import type { HypervisorDriver } from '../activities/hypervisor/driver.js';
import { ProxyFleet } from '../activities/proxy-fleet.js';
import { createMechanism } from '../activities/sessions/create-mechanism.js';
import { streamingKeys } from '../activities/streaming.js';
import type { Config, PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import { liveProxies } from '../state/proxy-register.js';
import type { SessionKeyHash } from '../state/session-key.js';
import type { CheckItem } from './check-lines.js';
import { rolesOf } from './pool-roles.js';
import { tellProved } from './proved.js';

export const NO_DATABASE = 'PostgreSQL does not tell';

export interface HandOverCheck {
  config: Config;
  pool: PoolConfig;
  database: Database;
  /** Undefined where the database cannot be asked. */
  hash: SessionKeyHash | undefined;
  driver: HypervisorDriver;
  /** Machines that are off, by name; undefined where nobody tells. */
  off: readonly string[] | undefined;
}

/** A line of it, known within `limitMs`. */
export async function checkHandOver(
  { config, pool, database, hash, driver, off }: HandOverCheck,
  item: CheckItem,
  limitMs: number,
): Promise<void> {
  await item(
    `${pool.name}: sessions can be handed over (${pool.sessions.mechanism})`,
    async ({ notChecked, signal, onSeen }) => {
      if (!hash) return notChecked(NO_DATABASE);
      const { run, primary, standby } = await rolesOf(pool, database);
      if (run !== null) return notChecked(takenBy(run));
      /** What a restart begins to do meanwhile must neither be disturbed nor be taken for a fault; a whole one may have passed. */
      const takenMeanwhile = async (): Promise<string | undefined> => {
        const now = await rolesOf(pool, database);
        if (now.run !== null) return takenBy(now.run);
        return now.primary.name === primary.name ? undefined : `${now.primary.name} has become the active machine`;
      };
      const guard = async (): Promise<void> => {
        const taken = await takenMeanwhile();
        if (taken !== undefined) throw new Error(taken);
      };
      // Its own line has said what to do.
      if (off?.includes(primary.name)) return notChecked(`active machine ${primary.name} is off`);
      const quick = { ...pool.health, bootTimeoutMs: pool.health.timeoutMs };
      await untilHealthy(primary, quick, { signal, driver });
      const mechanism = createMechanism(pool, hash);
      const call = { signal, guard, onSeen, sparing: true };
      try {
        // A clean restart boots it, also that of a hot pool; a check changes no power.
        if (off?.includes(standby.name)) {
          await mechanism.inspect(primary, call);
          const meanwhile =
            pool.standby === 'hot' ? `, and could not take over at once; start it now: vm-rejuv boot ${pool.name}` : '';
          return notChecked(`standby ${standby.name} is off until a clean restart boots it${meanwhile}`);
        }
        await untilHealthy(standby, quick, { signal, driver });
        const proxies = new ProxyFleet(database, pool.name, config.adminToken);
        // Without a proxy there is none that has a stream.
        const streaming = async (): Promise<Set<string>> =>
          (await liveProxies(database, pool.name)).length === 0 ? new Set() : streamingKeys(proxies);
        await mechanism.preflight({ primary, standby }, streaming, call);
        return { primary: primary.name, standby: standby.name };
      } catch (error) {
        const taken = await takenMeanwhile().catch(() => undefined);
        if (taken === undefined) throw error;
        return notChecked(taken);
      } finally {
        await mechanism.close();
      }
    },
    (tried) => {
      const { text, value } = tellProved(pool.sessions);
      return { text: text + whatIsLeft(pool, tried), value };
    },
    limitMs,
  );
}

function takenBy(run: string): string {
  return `restart ${run} has the pool`;
}

/** A pass of Tomcat takes every session that rests, so none is tried on the machine that has those of users. */
function whatIsLeft({ sessions }: PoolConfig, tried: { primary: string; standby: string } | void): string {
  if (sessions.mechanism !== 'tomcat-swap' || sessions.canary === null || !tried) return '';
  const { primary, standby } = tried;
  return `, from ${standby} to ${primary}; whether ${primary} writes its own is left to the clean restart, as no session of a user was touched`;
}
