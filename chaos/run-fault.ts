// One clean restart or fail-over with one fault at one moment, under load, to its end.

import { setTimeout as sleep } from 'node:timers/promises';
import type { WindowReport } from '../demo/load/report.js';
import { openRestart } from '../cli/open-restart.js';
import { progressOf } from '../cli/restart-progress.js';
import { describeError } from '../config/operator-error.js';
import { within } from '../config/within.js';
import { readPool } from '../state/pool.js';
import type { RunHandle } from '../worker/temporal-client.js';
import { askTemporal } from '../worker/ask-temporal.js';
import { isOpen, isStarted } from '../worker/temporal-client.js';
import { verdict } from './verdict.js';
import { retryUpdate } from '../workflows/messages.js';
import type { Fault } from './fault.js';
import { complaints } from './legal-state.js';
import { endedRuns, endingOf } from './outcome.js';
import type { Planned } from './plan.js';
import type { Moment } from './points.js';
import { atMoment } from './points.js';
import type { Step } from './procedure.js';
import { allowances, begin } from './procedure.js';
import type { Stage } from './stage.js';

export interface FaultRun extends Moment {
  fault: string;
  /** Why something may be lost with it; null where nothing may. */
  mayLose: string | null;
  proxies: number;
  /** Whether the moment came before it had ended. */
  reached: boolean;
  /** Of outcome.ts, or `did not end`. */
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
const JITTER_MS: Record<Step, number> = {
  ...{ bootStandby: 300, redirectTraffic: 15, migrateSessions: 500, awaitDrain: 40, restartPrimary: 500, swapRoles: 5 },
  ...{ prepareStandby: 30, fence: 5000, rescueSessions: 0, route: 0, bringBack: 500 },
};

export async function runFault(stage: Stage, fault: Fault, moment: Moment, random: () => number): Promise<FaultRun> {
  const before = await readPool(stage.database, stage.pool);
  const endedBefore = await endedRuns(stage.database, stage.pool);
  const started = performance.now();
  let goOnMs: number | null = null;
  let [lastedMs, atStake] = [0, 0];
  await stage.useFaultyHypervisor(fault.faultyHypervisor === true);
  await fault.prepare?.(stage);
  const { result, report } = await stage.load.during(async () => {
    const begun = await begin(stage, moment.step, fault.name);
    const { handle, run } = begun;
    const ended = new AbortController();
    const missed = begun.missed(ended.signal);
    const reached = await atMoment(stage, handle, moment, random() * JITTER_MS[moment.step], async () => {
      goOnMs = await measured(stage, handle, async () => {
        const began = performance.now();
        atStake += (await fault.inflict(stage, { ...moment, handle, random })) ?? 0;
        lastedMs = performance.now() - began;
      });
    });
    const decisions = await settle(stage, handle);
    ended.abort();
    lastedMs += await missed;
    atStake += begun.atStake;
    const ending = await endingOf(stage.database, stage.pool, run, endedBefore);
    return { reached, decisions: decisions ?? 0, ...ending, ...(decisions === null ? { outcome: 'did not end' } : {}) };
  });
  const after = await readPool(stage.database, stage.pool);
  const { installation, database } = stage;
  const wrong = await complaints({
    ...{ database, pool: installation.pool, adminToken: installation.config.adminToken, proxies: stage.proxies.length },
  });
  const { reached, outcome, decisions, swaps } = result;
  const swapped = after.active !== before.active;
  const { rate } = stage.options;
  const allowed = { ...allowances(moment.step), ...fault };
  wrong.push(...verdict(allowed, { outcome, swaps, swapped, report, lastedMs, atStake, rate }));
  return {
    ...{ fault: fault.name, mayLose: allowed.mayLose ?? null, ...moment, proxies: stage.proxies.length },
    ...{ reached, outcome, decisions, goOnMs },
    ...{ tookMs: Math.round(performance.now() - started), seen: report, wrong },
  };
}

/**
 * Waits until neither that nor any other is open and the pool is nobody's; what waits for an operator is tried again. Resolves with how often, or with null
 * when it does not end.
 */
async function settle(stage: Stage, handle: RunHandle): Promise<number | null> {
  const { client, database, pool, installation } = stage;
  const { temporal } = installation.config;
  let decisions = 0;
  for (const deadline = Date.now() + END_MS; Date.now() < deadline; await sleep(POLL_MS)) {
    stage.options.signal.throwIfAborted();
    try {
      const open = await openRestart(client, temporal, database, pool);
      const isFree = open === null && (await readPool(database, pool)).run === null;
      // One that has begun and holds the pool not yet has another id than a clean restart's.
      if (isFree && !isOpen((await askTemporal(client, temporal.address, () => handle.describe())).status.name)) return decisions;
      if (open !== null && (await decided(stage, open))) decisions++;
    } catch {
      // What is broken is mended soon; only the deadline counts.
    }
  }
  return null;
}

/** Whether the restart waited for an operator and has taken the update that it named. */
async function decided({ client, installation }: Stage, open: RunHandle): Promise<boolean> {
  const { waiting, updates } = await progressOf(client, installation.config.temporal, open);
  if (waiting === null || !updates.includes('retry')) return false;
  await open.executeUpdate(retryUpdate, { args: [{ reason: 'chaos' }] });
  return true;
}

/** How long it took from the beginning of `inflict` to go on. Nothing is left on its way when this ends. */
async function measured(stage: Stage, handle: RunHandle, inflict: () => Promise<void>): Promise<number | null> {
  // What ran before must be known before: asked meanwhile, it could be what has already gone on.
  const before = await attemptOf(stage, handle).catch(() => null);
  const enough = new AbortController();
  const measuring = timeToGoOn(stage, handle, before, enough.signal);
  const limit = setTimeout(() => enough.abort(), END_MS);
  try {
    await within(END_MS, stage.options.signal, inflict);
    // What a step was about to say at the point `after` may be said now.
    stage.workerToTemporal.open();
    return await measuring;
  } finally {
    clearTimeout(limit);
    enough.abort();
    await measuring;
  }
}

/**
 * Milliseconds until another attempt or another step runs than `before`, or the restart has ended; null when it waits for an operator
 * first, and when there is nothing to compare with.
 */
async function timeToGoOn(stage: Stage, handle: RunHandle, before: string | null, signal: AbortSignal): Promise<number | null> {
  const { client, installation } = stage;
  const started = performance.now();
  if (before === null || before === 'ended') return null;
  for (; !signal.aborted && !stage.options.signal.aborted; await sleep(PROGRESS_POLL_MS)) {
    const now = await attemptOf(stage, handle).catch(() => '');
    if (now === 'idle') {
      const progress = await progressOf(client, installation.config.temporal, handle).catch(() => null);
      if (progress?.waiting) return null;
    } else if (now !== '' && now !== before) return Math.round(performance.now() - started);
  }
  return null;
}

/**
 * The attempt that runs, `ended`, `idle` without a step, or nothing when one waits for its turn. Only Temporal is asked: at the point
 * `after` no worker answers, and whoever waits for its answer is too late.
 */
async function attemptOf({ client, installation }: Stage, handle: RunHandle): Promise<string> {
  const { address } = installation.config.temporal;
  const { status, raw } = await askTemporal(client, address, () => handle.describe());
  if (!isOpen(status.name)) return 'ended';
  const [activity] = raw.pendingActivities ?? [];
  if (activity === undefined) return 'idle';
  return isStarted(activity) ? `${activity.activityType?.name ?? ''} ${activity.attempt ?? ''}` : '';
}

/** For who runs many: a run that could not even be made is wrong as well. */
export function brokenRun({ fault, step, point, proxies }: Planned, error: unknown): FaultRun {
  const seen = { requests: 0, failed: 0, sessionsLost: 0, updatesLost: 0, longestWaitMs: 0, p50Ms: 0, p99Ms: 0, reasons: {} };
  return {
    ...{ fault: fault.name, mayLose: fault.mayLose ?? allowances(step).mayLose ?? null, step, point, proxies },
    ...{ reached: false, outcome: 'did not end', decisions: 0, goOnMs: null, tookMs: 0, seen, wrong: [describeError(error)] },
  };
}
