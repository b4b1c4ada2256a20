// What is broken into: a clean restart, or a fail-over of a machine that has failed. Each has its steps, and its own way to begin.

import { setTimeout as sleep } from 'node:timers/promises';
import { readPool } from '../state/pool.js';
import type { RunHandle } from '../worker/temporal-client.js';
import { startCleanRestart } from '../worker/temporal-client.js';
import type { FailOverStep } from '../workflows/fail-over-steps.js';
import { FAIL_OVER_STEPS } from '../workflows/fail-over-steps.js';
import type { StepName } from '../workflows/steps.js';
import { STEPS } from '../workflows/steps.js';
import { pidOf, sessionsInUse, untilOff } from './machine-process.js';
import type { Stage } from './stage.js';

export const PROCEDURES = ['restart', 'fail-over'] as const;
export type Procedure = (typeof PROCEDURES)[number];

export type Step = StepName | FailOverStep;

export const STEPS_OF: Record<Procedure, readonly Step[]> = { restart: STEPS, 'fail-over': FAIL_OVER_STEPS };

export function procedureOf(step: Step): Procedure {
  return STEPS.some((name) => name === step) ? 'restart' : 'fail-over';
}

/** How a machine fails before it is failed over. */
interface Failure {
  what: string;
  signal: NodeJS.Signals;
  mayLose?: string;
}

const HANGS: Failure = { what: 'it hangs', signal: 'SIGSTOP', mayLose: 'sessions that only the memory of the machine had' };
/** Its processes were told to end, by whoever: a Tomcat stores its sessions then, and none of them may be lost. */
const ENDS: Failure = { what: 'it has ended', signal: 'SIGTERM' };

/** What is lost by a machine that hangs is lost before the fence; the steps after it deal with what is stored. */
const FAILURES: Record<FailOverStep, Failure> = {
  prepareStandby: HANGS,
  fence: HANGS,
  rescueSessions: ENDS,
  route: ENDS,
  bringBack: ENDS,
};

/** What clients may notice whatever is broken besides: nothing of a clean restart. */
export function allowances(step: Step): { mayFail?: string; mayLose?: string } {
  if (procedureOf(step) === 'restart') return {};
  const { mayLose } = FAILURES[step as FailOverStep];
  return { mayFail: 'requests from the failure of the machine until the standby has its place', ...(mayLose && { mayLose }) };
}

export interface Begun {
  handle: RunHandle;
  /** workflowId/runId. */
  run: string;
  /** How many sessions the machine had that has failed; zero where none has. */
  atStake: number;
  /** Resolves, once the roles are swapped or it is told to end, with how long the machine was missed, in ms. */
  missed(ended: AbortSignal): Promise<number>;
}

/** Starts the workflow that has this step; before a fail-over its machine fails. */
export async function begin(stage: Stage, step: Step, reason: string): Promise<Begun> {
  const { client, installation, pool } = stage;
  if (procedureOf(step) === 'restart') {
    const handle = await startCleanRestart(client, installation.config.temporal, pool, reason);
    const run = `${handle.workflowId}/${handle.firstExecutionRunId}`;
    return { handle, run, atStake: 0, missed: () => Promise.resolve(0) };
  }
  const { active } = await readPool(stage.database, pool);
  const { signal } = FAILURES[step as FailOverStep];
  const atStake = await sessionsInUse(stage, active);
  const since = performance.now();
  process.kill(-(await pidOf(stage, active)), signal);
  if (signal === 'SIGTERM') await untilOff(stage, active);
  const handle = await client.workflow.start('failOver', {
    ...{ workflowId: `fail-over/${pool}`, taskQueue: installation.config.temporal.taskQueue, args: [{ pool, reason }] },
  });
  const run = `${handle.workflowId}/${handle.firstExecutionRunId}`;
  return { handle: handle as unknown as RunHandle, run, atStake, missed: (ended) => missedFor(stage, active, since, ended) };
}

const POLL_MS = 50;

async function missedFor(stage: Stage, failed: string, since: number, ended: AbortSignal): Promise<number> {
  while (!ended.aborted) {
    const row = await readPool(stage.database, stage.pool).catch(() => null);
    if (row !== null && row.active !== failed) break;
    await sleep(POLL_MS);
  }
  return performance.now() - since;
}
