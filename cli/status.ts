// Phase, roles, proxies, the restart that runs and the last one of a pool: read from the store and, while one runs, from Temporal.

import { probe } from '../activities/health.js';
import type { FailOverOutcome } from '../activities/fail-over/conclude.js';
import type { RestartOutcome } from '../activities/swap-roles.js';
import type { Config, PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import { openDatabase } from '../state/database.js';
import { migrate } from '../state/migrate.js';
import type { RecordedVerdict } from '../monitor/pool-monitor.js';
import { readVerdict } from '../state/monitoring.js';
import { ensurePool, latestFailure, latestResult, readPool } from '../state/pool.js';
import { isProvedDead } from '../state/process-identity.js';
import { liveProxies } from '../state/proxy-register.js';
import type { FailureRecord } from '../workflows/failure-record.js';
import { monitorStatus } from './monitor-status.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { choosePool } from './pool-option.js';
import { RunningRestarts } from './running-restarts.js';
import type { PoolStatus } from './status-text.js';
import { statusText } from './status-text.js';
import { uncleanWaitMs } from './unclean-wait.js';

/** Prints what is known of the pool, or of all. That Temporal does not answer is part of it, and no failure. */
export async function status(config: Config, poolName: string | undefined, options: OutputOptions): Promise<void> {
  await look(config, poolName, (now) => print(options, statusText(now), now));
}

/** Tells `onSeen` of one pool after the other. */
export async function look(config: Config, poolName: string | undefined, onSeen: (now: PoolStatus) => void): Promise<void> {
  const pools = poolName === undefined ? Object.values(config.pools) : [choosePool(config, poolName)];
  const database = openDatabase(config.database.url);
  const restarts = new RunningRestarts(config.temporal);
  try {
    await migrate(config.database.url);
    for (const pool of pools) onSeen(await statusOf(pool, database, restarts));
  } finally {
    await restarts.close();
    await database.end();
  }
}

async function statusOf(pool: PoolConfig, database: Database, restarts: RunningRestarts): Promise<PoolStatus> {
  const row = await ensurePool(database, pool);
  const { name, phase, active, standby, epoch, run } = row;
  const proxies = (await liveProxies(database, name)).map((proxy) => ({
    name: proxy.name,
    incarnation: proxy.incarnation,
    adminUrl: proxy.adminUrl,
    dead: isProvedDead(proxy),
  }));
  const resting = pool.standby === 'cold' && phase === 'steady' && run === null ? standby : null;
  const machines = await Promise.all(
    pool.machines.map(async (machine) => {
      const seen = await probe(machine, pool.health);
      const trouble = machine.name === resting ? null : seen;
      return { name: machine.name, url: machine.url, answers: seen === null, trouble };
    }),
  );
  const last = await latestResult(database, name);
  const failed = await latestFailure(database, name);
  const monitoring = pool.policy === null ? null : await monitoringOf(database, name);
  const { temporal, run: open, ended, progress, trouble } = await restarts.look(name, run);
  // It may have given the pool back since the row was read.
  if (ended && (await readPool(database, name)).run !== run) return statusOf(pool, database, restarts);
  return {
    ...{ pool: name, phase, active, standby, epoch, run: run ?? open, machines, proxies },
    lastRestart: last === null ? null : { ...last, result: last.result as RestartOutcome | FailOverOutcome },
    lastFailure: failed === null ? null : { ...failed, failure: failed.failure as FailureRecord },
    step: progress?.step ?? null,
    stepMs: progress?.stepMs ?? null,
    attempt: progress?.attempt ?? null,
    running: progress?.running ?? false,
    retrying: progress?.retrying ?? null,
    doing: progress?.doing ?? null,
    waiting: progress?.waiting ?? null,
    waitingSince: progress?.waitingSince ?? null,
    code: progress?.code ?? null,
    updates: progress?.updates ?? [],
    uncleanWaitMs: await uncleanWaitMs(pool, row, database),
    monitor: await monitorStatus(pool, database, monitoring !== null && isWarm(monitoring)),
    monitoring,
    ...(pool.policy === null ? { supervisor: null, supervisorTrouble: null } : await restarts.supervisor(name)),
    temporal,
    trouble: ended ? `It has ended without giving the pool back. Go on: vm-rejuv rejuvenate ${name}` : trouble,
  };
}

/** A worker of before does not tell. */
function isWarm({ warm = true }: Partial<Pick<RecordedVerdict, 'warm'>>): boolean {
  return warm;
}

async function monitoringOf(database: Database, pool: string): Promise<PoolStatus['monitoring']> {
  const row = await readVerdict(database, pool);
  return row?.judgedAt == null ? null : { ...(row.verdict as RecordedVerdict), judgedAt: row.judgedAt };
}
