// What the supervisor of a pool says of itself.

import type { Client } from '@temporalio/client';
import type { TemporalConfig } from '../config/types.js';
import type { Explanation, PoolStatus } from '../workflows/supervision.js';
import { historyQuery, poolStatusQuery } from '../workflows/supervisor-messages.js';
import { supervisorOf } from '../workflows/workflow-ids.js';
import { askWorker } from './ask-worker.js';
import { isSupervised, noSupervisor } from './supervisors.js';
import { requireWorker } from './temporal-client.js';

/** Null where none runs; NO_WORKER where nobody answers for it. */
export async function supervisorStatus(client: Client, temporal: TemporalConfig, pool: string): Promise<PoolStatus | null> {
  if (!(await isSupervised(client, temporal, pool))) return null;
  const handle = client.workflow.getHandle(supervisorOf(pool));
  return askWorker(client, temporal, () => handle.query(poolStatusQuery));
}

/** What it was told and has answered, the latest last; NO_SUPERVISOR where none runs, NO_WORKER where nobody could answer for it. */
export async function supervisorHistory(client: Client, temporal: TemporalConfig, pool: string): Promise<Explanation[]> {
  if (!(await isSupervised(client, temporal, pool))) throw noSupervisor(pool);
  await requireWorker(client, temporal);
  const handle = client.workflow.getHandle(supervisorOf(pool));
  return askWorker(client, temporal, () => handle.query(historyQuery));
}
