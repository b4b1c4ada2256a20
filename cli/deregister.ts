// An operator's word that a proxy is gone.

import { ProxyFleet } from '../activities/proxy-fleet.js';
import { OperatorError } from '../config/operator-error.js';
import type { Config } from '../config/types.js';
import { openDatabase } from '../state/database.js';
import { migrate } from '../state/migrate.js';
import { isProvedAlive } from '../state/process-identity.js';
import type { ProxyRow } from '../state/proxy-register.js';
import { endProxy, liveProxies } from '../state/proxy-register.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { choosePool } from './pool-option.js';

interface DeregisterOptions extends OutputOptions {
  force?: boolean;
}

/** Strikes a proxy; PROXY_ALIVE when it can be told that it still runs, unless forced. */
export async function deregister(
  config: Config,
  poolName: string,
  incarnation: string,
  options: DeregisterOptions,
): Promise<void> {
  const pool = choosePool(config, poolName).name;
  const database = openDatabase(config.database.url);
  try {
    await migrate(config.database.url);
    const proxy = (await liveProxies(database, pool)).find((candidate) => candidate.incarnation === incarnation);
    if (proxy === undefined) throw unknownProxy(pool, incarnation);
    if (!options.force) await mustBeGone(new ProxyFleet(database, pool, config.adminToken), pool, proxy);
    if (!(await endProxy(database, pool, incarnation))) throw unknownProxy(pool, incarnation);
    print(options, `Proxy ${incarnation} is struck from the register of ${pool}.`, { deregistered: incarnation });
  } finally {
    await database.end();
  }
}

async function mustBeGone(fleet: ProxyFleet, pool: string, proxy: ProxyRow): Promise<void> {
  const seen = isProvedAlive(proxy)
    ? `runs on this host as process ${proxy.pid}`
    : (await fleet.answers(proxy))
      ? `answers at ${proxy.adminUrl}`
      : null;
  if (seen === null) return;
  throw new OperatorError(
    'PROXY_ALIVE',
    `Proxy ${proxy.name} of pool ${pool} ${seen}: it would go on routing though no restart waited for it.`,
    'End it, which takes it out of the register; only where that cannot be done, strike it by --force.',
    { status: 409 },
  );
}

function unknownProxy(pool: string, incarnation: string): OperatorError {
  return new OperatorError(
    'PROXY_UNKNOWN',
    `Pool ${pool} has no registered proxy "${incarnation}".`,
    `Take the incarnation from: vm-rejuv status ${pool}`,
    { status: 404 },
  );
}
