// Phase, roles, proxies and the last restart of a pool, read from the store.

import type { Config } from '../config/types.js';
import { openDatabase } from '../state/database.js';
import { migrate } from '../state/migrate.js';
import { ensurePool, latestResult } from '../state/pool.js';
import { isProvedDead } from '../state/process-identity.js';
import { liveProxies } from '../state/proxy-register.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { choosePool } from './pool-option.js';

export async function status(config: Config, poolName: string | undefined, options: OutputOptions): Promise<void> {
  const names = poolName === undefined ? Object.keys(config.pools) : [choosePool(config, poolName).name];
  const database = openDatabase(config.database.url);
  try {
    await migrate(config.database.url);
    for (const name of names) {
      const { epoch, phase, active, standby, run } = await ensurePool(database, choosePool(config, name));
      const proxies = (await liveProxies(database, name)).map((proxy) => ({
        name: proxy.name,
        incarnation: proxy.incarnation,
        adminUrl: proxy.adminUrl,
        dead: isProvedDead(proxy),
      }));
      const lastRestart = await latestResult(database, name);
      const lines = [
        `${name}: ${phase}, active ${active}, standby ${standby}, epoch ${epoch}`,
        `  restart: ${run ?? 'none runs'}`,
        ...proxies.map(
          (proxy) =>
            `  proxy ${proxy.name} ${proxy.incarnation} at ${proxy.adminUrl}${proxy.dead ? ' (its process has ended)' : ''}`,
        ),
        ...(proxies.length === 0 ? ['  no proxy is registered'] : []),
        lastRestart === null
          ? '  never restarted'
          : `  last restart ${lastRestart.finishedAt.toISOString()}: ${JSON.stringify(lastRestart.result)}`,
      ];
      print(options, lines.join('\n'), { pool: name, phase, active, standby, epoch, run, proxies, lastRestart });
    }
  } finally {
    await database.end();
  }
}
