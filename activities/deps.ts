// What activities are given; worker/ builds it, tests hand in their own.

import type { Config, MachineConfig, PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import { machineUnknown, poolUnknown } from '../state/errors.js';
import type { PoolRow } from '../state/pool.js';
import type { RestartEnd, TellInput } from './follow-restart.js';
import type { HypervisorDriver } from './hypervisor/driver.js';
import type { MachinePair, SessionMechanism } from './sessions/mechanism.js';

/** An operator's word in a restart: the name of its update. */
export type Decision = 'retry' | 'skip' | 'abort';

/** Restarts as Temporal has them, each named `workflowId/runId`. */
export interface Restarts {
  /** Resolves once it is closed. */
  end(run: string, signal: AbortSignal): Promise<RestartEnd>;
  /** Resolves with its answer; the same for the same id, however often. */
  tell(word: TellInput, id: string): Promise<string>;
}

export interface ActivityDeps {
  config: Config;
  database: Database;
  driverFor(pool: PoolConfig): HypervisorDriver;
  mechanismFor(pool: PoolConfig): SessionMechanism;
  /** Whether the workflow run named `workflowId/runId` is still open. Unknown workflows are closed. */
  isRunOpen(run: string): Promise<boolean>;
  restarts: Restarts;
  /** Whether Temporal knows the search attributes of workflows/search-attributes.ts. */
  canList: boolean;
}

export function poolConfig(deps: ActivityDeps, name: string): PoolConfig {
  const pool = Object.hasOwn(deps.config.pools, name) ? deps.config.pools[name] : undefined;
  if (!pool) throw poolUnknown(name, Object.keys(deps.config.pools));
  return pool;
}

export function machineNamed(pool: PoolConfig, name: string): MachineConfig {
  const machine = pool.machines.find((candidate) => candidate.name === name);
  if (machine) return machine;
  throw machineUnknown(pool.name, name);
}

/** P and S of a run. Only its last step swaps the roles, so the row names them until then. */
export function pairOf(pool: PoolConfig, row: PoolRow): MachinePair {
  return { primary: machineNamed(pool, row.active), standby: machineNamed(pool, row.standby) };
}
