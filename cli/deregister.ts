// An operator's word that a proxy is gone.

import { OperatorError } from '../config/operator-error.js';
import type { Config } from '../config/types.js';
import { openDatabase } from '../state/database.js';
import { endProxy } from '../state/proxy-register.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { choosePool } from './pool-option.js';

export async function deregister(config: Config, poolName: string, incarnation: string, options: OutputOptions): Promise<void> {
  const pool = choosePool(config, poolName);
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(incarnation)) throw unknownProxy(pool.name, incarnation);
  const database = openDatabase(config.database.url);
  try {
    if (!(await endProxy(database, pool.name, incarnation))) throw unknownProxy(pool.name, incarnation);
    print(options, `Proxy ${incarnation} is struck from the register of ${pool.name}.`, { deregistered: incarnation });
  } finally {
    await database.end();
  }
}

function unknownProxy(pool: string, incarnation: string): OperatorError {
  return new OperatorError(
    'PROXY_UNKNOWN',
    `Pool ${pool} has no registered proxy "${incarnation}".`,
    `Take the incarnation from: vm-rejuv status ${pool}`,
    { status: 404 },
  );
}
