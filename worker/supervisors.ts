// The supervisors of a worker's pools, and the schedules that look after their age.

import type { Client } from '@temporalio/client';
import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import type { PoolConfig, TemporalConfig } from '../config/types.js';
import type { reportAge } from '../workflows/report-age.js';
import type { supervisePool } from '../workflows/supervise-pool.js';
import { askTemporal } from './ask-temporal.js';

/** A limit of age is kept to a tenth, and looked at no more often than once a minute, no more rarely than once an hour. Chosen. */
const LOOKS_PER_AGE = 10;
const LEAST_INTERVAL_MS = 60_000;
const MOST_INTERVAL_MS = 3_600_000;

/** Ensures that each pool with a policy is supervised; one that runs already goes on. */
export async function ensureSupervisors(client: Client, temporal: TemporalConfig, pools: readonly PoolConfig[]): Promise<void> {
  const { address, taskQueue } = temporal;
  for (const { name, policy } of pools) {
    await askTemporal(client, address, () => ensureSchedule(client, taskQueue, name, policy?.maxAgeMs ?? null));
    if (policy === null) continue;
    await askTemporal(client, address, () =>
      client.workflow.start<typeof supervisePool>('supervisePool', {
        workflowId: supervisorOf(name),
        taskQueue,
        args: [{ pool: name }],
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: `Supervisor of ${name}`,
      }),
    );
  }
}

export const supervisorOf = (pool: string): string => `pool/${pool}`;

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
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}
