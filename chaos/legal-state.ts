// What must be true of a pool once a restart is over, whatever was broken meanwhile.

import { ProxyFleet } from '../activities/proxy-fleet.js';
import { probe } from '../activities/health.js';
import { describeError } from '../config/operator-error.js';
import type { MachineConfig, PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import type { PoolRow } from '../state/pool.js';
import { readPool } from '../state/pool.js';
import { sessionsAt } from './sessions-at.js';

export interface Installed {
  database: Database;
  pool: PoolConfig;
  adminToken: string;
  proxies: number;
}

/** One sentence for each thing that is wrong. */
export async function complaints({ database, pool, adminToken, proxies }: Installed): Promise<string[]> {
  const wrong: string[] = [];
  const row = await readPool(database, pool.name);
  if (row.phase !== 'steady' || row.run !== null) wrong.push(`The pool is ${row.phase}, held by ${String(row.run)}.`);
  const { rows } = await database.query<{ id: string }>("select id from hold where pool = $1 and state = 'held'", [pool.name]);
  if (rows.length > 0) wrong.push(`${rows.length} holds are open.`);
  const reports = await new ProxyFleet(database, pool.name, adminToken).reports().catch((error: unknown) => {
    wrong.push(`Not every proxy answers: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  });
  if (reports.length !== proxies && wrong.length === 0)
    wrong.push(`${reports.length} proxies are registered instead of ${proxies}.`);
  for (const { epoch, phase, active, held } of reports) {
    if (epoch !== row.epoch || phase !== row.phase || active !== row.active)
      wrong.push(`A proxy routes by epoch ${epoch} (${phase}, ${active}) instead of ${row.epoch} (${row.phase}, ${row.active}).`);
    if (held > 0) wrong.push(`${held} requests wait in the gate of a proxy.`);
  }
  for (const machine of pool.machines) wrong.push(...(await ill(machine, pool)));
  wrong.push(...(await left(database, pool, row).catch((error: unknown) => [describeError(error)])));
  return wrong;
}

/** The standby has no session. Nothing to say of servers that do not tell which they have. */
async function left(database: Database, pool: PoolConfig, { active, standby }: PoolRow): Promise<string[]> {
  const keys = await sessionsAt(database, pool, standby);
  return keys === null || keys.size === 0 ? [] : [`${keys.size} sessions are at ${standby}, and ${active} is active.`];
}

async function ill(machine: MachineConfig, { health }: PoolConfig): Promise<string[]> {
  const seen = await probe(machine, health);
  return seen === null ? [] : [`Machine ${machine.name} is not healthy: ${seen}.`];
}
