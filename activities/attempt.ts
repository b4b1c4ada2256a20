// One attempt of a step: takes the pen, keeps a lease while it works, and is refused once a later attempt has the pen.

import { setMaxListeners } from 'node:events';
import { Context } from '@temporalio/activity';
import { inPool } from '../config/operator-error.js';
import type { PoolConfig } from '../config/types.js';
import { fenced } from '../state/errors.js';
import type { PoolRow, Writer } from '../state/pool.js';
import { readPool, takeToken } from '../state/pool.js';
import type { ActivityDeps } from './deps.js';
import { poolConfig } from './deps.js';
import { toFailure } from './errors.js';
import type { HypervisorDriver } from './hypervisor/driver.js';
import { ProxyFleet } from './proxy-fleet.js';
import type { MechanismCall, SessionMechanism } from './sessions/mechanism.js';

const HEARTBEAT_MS = 1000;
/** Shorter than the heartbeat time-out of 3 s: an attempt that was frozen longer may have a successor and must look first. */
const LEASE_MS = 2000;

export interface Attempt extends MechanismCall {
  deps: ActivityDeps;
  pool: PoolConfig;
  /** The row as of the beginning of the attempt. */
  row: PoolRow;
  writer: Writer;
  driver: HypervisorDriver;
  mechanism: SessionMechanism;
  proxies: ProxyFleet;
  /** What the attempt before has told last by its progress. */
  told: Readonly<Record<string, unknown>>;
  /** Told with this and each heartbeat from now on: shown in the Temporal UI, and known to the next attempt. */
  progress(details: Record<string, unknown>): void;
}

/** The run that an activity acts for. */
export function currentRun(): string {
  const { workflowExecution } = Context.current().info;
  return `${workflowExecution?.workflowId ?? ''}/${workflowExecution?.runId ?? ''}`;
}

/** Runs one step's work as the only one who may write for the pool. Errors leave as Temporal failures. */
export async function withAttempt<T>(deps: ActivityDeps, poolName: string, work: (attempt: Attempt) => Promise<T>): Promise<T> {
  const context = Context.current();
  let details: Record<string, unknown> = {};
  let lease = performance.now();
  let timer: NodeJS.Timeout | undefined;
  try {
    const pool = poolConfig(deps, poolName);
    const row = await takeToken(deps.database, poolName, currentRun());
    // Every call that runs in parallel listens to it.
    setMaxListeners(0, context.cancellationSignal);
    const writer: Writer = { pool: poolName, run: currentRun(), token: row.token };
    timer = setInterval(() => context.heartbeat(details), HEARTBEAT_MS);
    const guard = async (): Promise<void> => {
      context.cancellationSignal.throwIfAborted();
      const before = performance.now();
      if (before - lease < LEASE_MS / 4) return;
      const now = await readPool(deps.database, poolName);
      if (now.run !== writer.run || now.token !== writer.token) throw fenced(poolName);
      // The lease begins when the row was asked, not when the answer came: time asleep in between counts against it.
      if (performance.now() - before > LEASE_MS) return guard();
      lease = before;
    };
    const proxies = new ProxyFleet(deps.database, poolName, deps.config.adminToken);
    return await work({
      deps,
      pool,
      row,
      writer,
      driver: deps.driverFor(pool),
      mechanism: deps.mechanismFor(pool),
      proxies: row.phase === 'moving' || row.phase === 'sealed' ? proxies.pastReturn() : proxies,
      signal: context.cancellationSignal,
      guard,
      told: (context.info.heartbeatDetails ?? {}) as Record<string, unknown>,
      progress: (next) => {
        details = next;
        // An attempt that fails before the next beat has told it, too.
        context.heartbeat(details);
      },
    });
  } catch (error) {
    throw toFailure(inPool(error, poolName));
  } finally {
    clearInterval(timer);
  }
}
