// One clean restart with one fault at one moment, under load, to its end.

import { setTimeout as sleep } from 'node:timers/promises';
import type { WindowReport } from '../demo/load/report.js';
import { openRestart } from '../cli/open-restart.js';
import { progressOf } from '../cli/restart-progress.js';
import { describeError } from '../config/operator-error.js';
import { latestFailure, readPool } from '../state/pool.js';
import type { CleanRestartHandle, RunHandle } from '../worker/temporal-client.js';
import { startCleanRestart } from '../worker/temporal-client.js';
import { verdict } from './verdict.js';
import { retryUpdate } from '../workflows/messages.js';
import type { StepName } from '../workflows/steps.js';
import type { FailureRecord } from '../workflows/failure-record.js';
import type { Fault } from './fault.js';
import { complaints } from './legal-state.js';
import type { Moment } from './points.js';
import { atMoment } from './points.js';
import type { Stage } from './stage.js';

export interface FaultRun extends Moment {
  fault: string;
  /** Why something may be lost with it; null where nothing may. */
  mayLose: string | null;
  proxies: number;
  /** Whether the moment came before the restart had ended. */
  reached: boolean;
  /** `finished`, `given back (CODE)`, or `did not end`. */
  outcome: string;
  /** How often it waited for an operator, and went on by the update that it named. */
  decisions: number;
  /** From the fault to the next attempt, step or end; null when nothing had to go on. */
  goOnMs: number | null;
  tookMs: number;
  seen: WindowReport;
  /** What is wrong in the end: an illegal state, or what must not happen with this fault. Empty when all is well. */
  wrong: string[];
}

/** Longer than any fault lasts and any machine boots. */
const END_MS = 180_000;
const POLL_MS = 100;
const PROGRESS_POLL_MS = 20;
/** About half of what each step takes after the first trace of its effect, in a stage of this size. Measured. */
const JITTER_MS: Record<StepName, number> = {
  ...{ bootStandby: 300, redirectTraffic: 15, migrateSessions: 500, awaitDrain: 40, restartPrimary: 500, swapRoles: 5 },
};

export async function runFault(stage: Stage, fault: Fault, moment: Moment, random: () => number): Promise<FaultRun> {
  const before = await readPool(stage.database, stage.pool);
  const started = performance.now();
  let goOnMs: number | null = null;
  await stage.useFaultyHypervisor(fault.faultyHypervisor === true);
  await fault.prepare?.(stage);
  const { result, report } = await stage.load.during(async () => {
    const handle = await startCleanRestart(stage.client, stage.installation.config.temporal, stage.pool, fault.name);
    const reached = await atMoment(stage, handle, moment, random() * JITTER_MS[moment.step], async () => {
      goOnMs = await measured(stage, handle, () => fault.inflict(stage, { ...moment, handle, random }));
    });
    return { reached, ...(await settle(stage)) };
  });
  const after = await readPool(stage.database, stage.pool);
  const { installation, database } = stage;
  const wrong = await complaints({
    ...{ database, pool: installation.pool, adminToken: installation.config.adminToken, proxies: stage.proxies.length },
  });
  wrong.push(...verdict(fault, { outcome: result.outcome, swapped: after.active !== before.active, report }));
  return {
    ...{ fault: fault.name, mayLose: fault.mayLose ?? null, ...moment, proxies: stage.proxies.length, ...result, goOnMs },
    ...{ tookMs: Math.round(performance.now() - started), seen: report, wrong },
  };
}

/** Waits until no restart is open and the pool is nobody's; what waits for an operator is tried again. */
async function settle(stage: Stage): Promise<{ outcome: string; decisions: number }> {
  const { client, database, pool, installation } = stage;
  const { temporal } = installation.config;
  const since = new Date();
  let decisions = 0;
  for (const deadline = Date.now() + END_MS; Date.now() < deadline; await sleep(POLL_MS)) {
    try {
      const open = await openRestart(client, temporal, database, pool);
      if (open === null && (await readPool(database, pool)).run === null) {
        const failed = await latestFailure(database, pool);
        const isOurs = failed !== null && failed.finishedAt > new Date(since.getTime() - END_MS);
        return { outcome: isOurs ? `given back (${(failed.failure as FailureRecord).code})` : 'finished', decisions };
      }
      if (open !== null && (await decided(stage, open))) decisions++;
    } catch {
      // What is broken is mended soon; only the deadline counts.
    }
  }
  return { outcome: 'did not end', decisions };
}

/** Whether the restart waited for an operator and has taken the update that it named. */
async function decided({ client, installation }: Stage, open: RunHandle): Promise<boolean> {
  const { waiting, updates } = await progressOf(client, installation.config.temporal, open);
  if (waiting === null || !updates.includes('retry')) return false;
  await open.executeUpdate(retryUpdate, { args: [{ reason: 'chaos' }] });
  return true;
}

/** How long it took from the beginning of `inflict` to go on. Nothing is left on its way when this ends. */
async function measured(stage: Stage, handle: CleanRestartHandle, inflict: () => Promise<void>): Promise<number | null> {
  const enough = new AbortController();
  const measuring = timeToGoOn(stage, handle, enough.signal);
  const limit = setTimeout(() => enough.abort(), END_MS);
  try {
    await inflict();
    // What a step was about to say at the point `after` may be said now.
    stage.workerToTemporal.open();
    return await measuring;
  } finally {
    clearTimeout(limit);
    enough.abort();
    await measuring;
  }
}

/** Milliseconds until another attempt or another step runs, or the restart has ended; null when it waits for an operator first. */
async function timeToGoOn(stage: Stage, handle: CleanRestartHandle, signal: AbortSignal): Promise<number | null> {
  const { client, installation } = stage;
  const { temporal } = installation.config;
  const started = performance.now();
  const at = async (): Promise<string> => {
    const { open, step, attempt, running, waiting } = await progressOf(client, temporal, handle);
    if (!open) return 'ended';
    if (waiting !== null) return 'waits';
    return running ? `${step} ${attempt}` : '';
  };
  const before = await at().catch(() => '');
  if (before === 'ended') return null;
  for (; !signal.aborted; await sleep(PROGRESS_POLL_MS)) {
    const now = await at().catch(() => '');
    if (now === 'waits') return null;
    if (now !== '' && now !== before) return Math.round(performance.now() - started);
  }
  return null;
}

/** For who runs many: a run that could not even be made is wrong as well. */
export function brokenRun(stage: Stage, fault: Fault, moment: Moment, error: unknown): FaultRun {
  const seen = { requests: 0, failed: 0, sessionsLost: 0, updatesLost: 0, longestWaitMs: 0, p50Ms: 0, p99Ms: 0, reasons: {} };
  return {
    ...{
      fault: fault.name,
      mayLose: fault.mayLose ?? null,
      ...moment,
      proxies: stage.proxies.length,
      reached: false,
      outcome: 'did not end',
      decisions: 0,
    },
    ...{ goOnMs: null, tookMs: 0, seen, wrong: [describeError(error)] },
  };
}
