// What the supervisor of a pool says of itself.

import type { Client } from '@temporalio/client';
import type { TemporalConfig } from '../config/types.js';
import type { PoolStatus } from '../workflows/supervision.js';
import { poolStatusQuery } from '../workflows/supervisor-messages.js';
import { supervisorOf } from '../workflows/workflow-ids.js';
import { askTemporal } from './ask-temporal.js';
import { isSupervised } from './supervisors.js';

/** Null where none runs. */
export async function supervisorStatus(client: Client, temporal: TemporalConfig, pool: string): Promise<PoolStatus | null> {
  if (!(await isSupervised(client, temporal, pool))) return null;
  const handle = client.workflow.getHandle(supervisorOf(pool));
  return askTemporal(client, temporal.address, () => handle.query(poolStatusQuery));
}
