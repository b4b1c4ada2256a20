// An operator's word to the supervisor of a pool: its updates as commands.

import { withoutPolicy } from '../activities/errors.js';
import type { Config } from '../config/types.js';
import { sendUpdate } from '../worker/send-update.js';
import { isSupervised, noSupervisor } from '../worker/supervisors.js';
import { connectTemporal, requireWorker } from '../worker/temporal-client.js';
import { supervisorOf } from '../workflows/workflow-ids.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { choosePool } from './pool-option.js';

export type SupervisorUpdate = 'approve' | 'reject' | 'pause' | 'resume';

interface TellOptions extends OutputOptions {
  reason?: string;
}

/** Sends the update; POLICY_MISSING, NO_SUPERVISOR or NO_WORKER where nobody takes it, UPDATE_REFUSED when it makes no sense now. */
export async function tellSupervisor(
  { pools, temporal }: Config,
  poolName: string,
  update: SupervisorUpdate,
  options: TellOptions,
): Promise<void> {
  const { name: pool, policy } = choosePool({ pools }, poolName);
  if (policy === null) throw withoutPolicy(pool);
  const client = await connectTemporal(temporal);
  try {
    if (!(await isSupervised(client, temporal, pool))) throw noSupervisor(pool);
    await requireWorker(client, temporal);
    const { reason } = options;
    const word = { pool, update, ...(reason === undefined ? {} : { reason }) };
    const supervisor = client.workflow.getHandle(supervisorOf(pool));
    const answer = await sendUpdate(client, temporal, supervisor, word, noSupervisor);
    print(options, answer, { pool, workflowId: supervisor.workflowId, update, answer });
  } finally {
    await client.connection.close();
  }
}
