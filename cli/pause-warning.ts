// Says that the supervisor of a pool is paused that an operator restarts all the same. An operator's word counts, so this is no failure.

import type { Client } from '@temporalio/client';
import { describeError, OperatorError } from '../config/operator-error.js';
import type { PoolConfig, TemporalConfig } from '../config/types.js';
import { isSaidByTemporal } from '../worker/ask-temporal.js';
import { supervisorStatus } from '../worker/supervisor-status.js';
import { missingWorker } from './worker-warning.js';

/** Warns on standard error, as what is paused is not what was asked for. Where nobody answers for the supervisor it says nothing. */
export async function warnWhilePaused(client: Client, temporal: TemporalConfig, { name, policy }: PoolConfig): Promise<void> {
  if (policy === null || (await missingWorker(client, temporal)) !== null) return;
  const supervisor = await supervisorStatus(client, temporal, name).catch((error: unknown) => {
    if (isSaidByTemporal(error)) return null;
    throw error;
  });
  if (supervisor?.paused == null) return;
  const warning = new OperatorError(
    'SUPERVISOR_PAUSED',
    `The supervisor of pool ${name} is paused (${supervisor.paused}), and this restart is begun all the same.`,
    `If it is not meant to run now: vm-rejuv abort ${name}`,
  );
  console.error(describeError(warning));
}
