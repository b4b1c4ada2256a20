// The supervisors of a worker's pools, and the schedules that look after their age.

import type { Client } from '@temporalio/client';
import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { Runtime } from '@temporalio/worker';
import { OperatorError } from '../config/operator-error.js';
import type { PoolConfig, TemporalConfig } from '../config/types.js';
import type { Reports } from '../monitor/reporter.js';
import type { reportAge } from '../workflows/report-age.js';
import type { supervisePool } from '../workflows/supervise-pool.js';
import { agingDetectedSignal, anomalySeenSignal, lookAgainSignal, serverDownSignal } from '../workflows/supervisor-messages.js';
import { supervisorOf } from '../workflows/workflow-ids.js';
import { askTemporal } from './ask-temporal.js';
import { isOpen } from './temporal-client.js';

/** A limit of age is kept to a tenth, and looked at no more often than once a minute, no more rarely than once an hour. Chosen. */
const LOOKS_PER_AGE = 10;
const LEAST_INTERVAL_MS = 60_000;
const MOST_INTERVAL_MS = 3_600_000;

/**
 * Ensures that each pool with a policy is supervised, and no other; one that is already goes on. What cannot be done is logged: restarts
 * by operators need none of it. Of workers whose files differ, the last to start wins.
 */
export async function ensureSupervisors(client: Client, temporal: TemporalConfig, pools: readonly PoolConfig[]): Promise<void> {
  const ensured = pools.map((pool) =>
    ensureSupervisor(client, temporal, pool).catch((error: unknown) => {
      Runtime.instance().logger.warn(`Whether ${supervisorOf(pool.name)} runs is not certain`, { error });
    }),
  );
  await Promise.all(ensured);
}

async function ensureSupervisor(client: Client, temporal: TemporalConfig, { name, policy }: PoolConfig): Promise<void> {
  const { address, taskQueue } = temporal;
  await askTemporal(client, address, () => ensureSchedule(client, taskQueue, name, policy?.maxAgeMs ?? null));
  const workflowId = supervisorOf(name);
  if (policy === null) {
    await askTemporal(client, address, () => client.workflow.getHandle(workflowId).cancel()).catch(unlessUnknown);
    return;
  }
  const handle = client.workflow.getHandle(workflowId);
  if (await isSupervised(client, temporal, name)) {
    // This worker's policy may be another than that of the last.
    await askTemporal(client, address, () => handle.signal(lookAgainSignal, {}));
    return;
  }
  await askTemporal(client, address, () =>
    client.workflow.start<typeof supervisePool>('supervisePool', {
      ...{ workflowId, taskQueue, args: [{ pool: name }] },
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `Supervisor of ${name}`,
    }),
  );
  const { taskQueue: own } = await askTemporal(client, address, () => handle.describe());
  if (own !== taskQueue)
    Runtime.instance().logger.warn(
      `${workflowId} waits for a worker of task queue "${own}", and this one has "${taskQueue}": if no other installation has a pool of that name, terminate it, and start this worker again`,
    );
}

/** Whether the pool's supervisor runs, on this task queue. */
export async function isSupervised(client: Client, { address, taskQueue }: TemporalConfig, pool: string): Promise<boolean> {
  try {
    const handle = client.workflow.getHandle(supervisorOf(pool));
    const { status, taskQueue: own } = await askTemporal(client, address, () => handle.describe());
    return isOpen(status.name) && own === taskQueue;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** How the monitor of a pool tells its supervisor what it sees. */
export function reportsTo(client: Client, { address }: TemporalConfig, pool: string): Reports {
  const handle = client.workflow.getHandle(supervisorOf(pool));
  return {
    aging: (evidence) => askTemporal(client, address, () => handle.signal(agingDetectedSignal, { evidence })),
    down: (machine, evidence) => askTemporal(client, address, () => handle.signal(serverDownSignal, { machine, evidence })),
    swapped: () => askTemporal(client, address, () => handle.signal(lookAgainSignal, { isSwapped: true })),
    anomaly: (about, evidence) => {
      const report = evidence === null ? { about, isOver: true } : { about, evidence };
      return askTemporal(client, address, () => handle.signal(anomalySeenSignal, report));
    },
  };
}

export function noSupervisor(pool: string): OperatorError {
  return new OperatorError(
    'NO_SUPERVISOR',
    `Pool ${pool} has a policy, and its supervisor does not run.`,
    'Start a worker, or start it again: it starts the supervisors of its pools.',
    { status: 503 },
  );
}

/** One that is not wanted any more is taken away. */
async function ensureSchedule(client: Client, taskQueue: string, pool: string, maxAgeMs: number | null): Promise<void> {
  const scheduleId = `age/${pool}`;
  const handle = client.schedule.getHandle(scheduleId);
  if (maxAgeMs === null) {
    await handle.delete().catch(unlessUnknown);
    return;
  }
  const every = Math.min(MOST_INTERVAL_MS, Math.max(LEAST_INTERVAL_MS, maxAgeMs / LOOKS_PER_AGE));
  const spec = { intervals: [{ every }] };
  const action = {
    type: 'startWorkflow' as const,
    workflowType: 'reportAge',
    workflowId: scheduleId,
    taskQueue,
    args: [{ pool }] as Parameters<typeof reportAge>,
  };
  try {
    await client.schedule.create({ scheduleId, spec, action, policies: { overlap: ScheduleOverlapPolicy.SKIP } });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await handle.update((previous) => ({ ...previous, spec, action }));
  }
}

function unlessUnknown(error: unknown): void {
  if (!(error instanceof ScheduleNotFoundError || error instanceof WorkflowNotFoundError)) throw error;
}
