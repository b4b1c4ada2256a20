// Asks everybody who knows whether a pool may be restarted now. An activity: time zones differ between hosts, a replay must not.

import { Context } from '@temporalio/activity';
import { mayFailOver } from '../policy/may-fail-over.js';
import type { Judgement, Wanted } from '../policy/may-restart.js';
import { mayRestart } from '../policy/may-restart.js';
import type { PoolConfig } from '../config/types.js';
import { THIS_WORKER } from '../state/monitor-state.js';
import { endedFailOvers, endedRestarts, ensurePool, latestResult } from '../state/pool.js';
import type { ActivityDeps } from './deps.js';
import { machineNamed, poolConfig } from './deps.js';
import { toFailure, withoutPolicy } from './errors.js';
import { probe } from './health.js';
import { standbyHealth } from './standby-illness.js';

export interface JudgeInput {
  pool: string;
  wanted: Wanted;
  /** Since when the pool is supervised, in ms since 1970. */
  watchedSinceMs: number;
}

export interface TimedJudgement extends Judgement {
  /** In ms since 1970: what it says holds for a while only. */
  judgedAtMs: number;
}

export async function judgeRestart(
  deps: ActivityDeps,
  { pool: name, wanted, watchedSinceMs }: JudgeInput,
): Promise<TimedJudgement> {
  try {
    const pool = poolConfig(deps, name);
    if (pool.policy === null) throw withoutPolicy(name, THIS_WORKER);
    const row = await ensurePool(deps.database, pool);
    const isHeld = row.run !== null && (await deps.isRunOpen(row.run));
    const runningRun = isHeld ? row.run : null;
    const { cancellationSignal } = Context.current();
    const standby = machineNamed(pool, row.standby);
    // One that is off is booted for the occasion.
    const { ill: standbyIll } = await standbyHealth(deps.driverFor(pool), standby, pool.health, cancellationSignal);
    if (wanted.by === 'down') {
      const isDead = await isOff(deps, pool, row.active);
      cancellationSignal.throwIfAborted();
      const facts = {
        ...{ active: row.active, runningRun, standbyIll },
        activeIll: isDead ? 'it is off' : await probe(machineNamed(pool, row.active), pool.health),
        areBothOff: isDead && pool.standby === 'hot' && (await isOff(deps, pool, row.standby)),
        failedOverAtMs: await endedFailOvers(deps.database, name),
      };
      const judgedAtMs = Date.now();
      return { ...mayFailOver(wanted, facts, pool.policy, judgedAtMs), judgedAtMs };
    }
    const latest = await latestResult(deps.database, name);
    const facts = {
      ...{ runningRun, standbyIll },
      endedAtMs: await endedRestarts(deps.database, name),
      activeSinceMs: latest?.finishedAt.getTime() ?? watchedSinceMs,
      isRestarted: latest !== null,
    };
    const judgedAtMs = Date.now();
    return { ...mayRestart(wanted, facts, pool.policy, judgedAtMs), judgedAtMs };
  } catch (error) {
    throw toFailure(error);
  }
}

/** By its hypervisor's word; one that does not answer says nothing. */
async function isOff(deps: ActivityDeps, pool: PoolConfig, machine: string): Promise<boolean> {
  const { cancellationSignal: signal } = Context.current();
  const status = await deps
    .driverFor(pool)
    .status(machine, { signal })
    .catch(() => null);
  return status?.power === 'off';
}
