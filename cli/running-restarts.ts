// What Temporal says of pools: the restarts that hold them, and their supervisors. Connects when the first is asked about, and does without when nobody answers.

import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { describeError, OperatorError } from '../config/operator-error.js';
import type { TemporalConfig } from '../config/types.js';
import { isSaidByTemporal } from '../worker/ask-temporal.js';
import { supervisorStatus } from '../worker/supervisor-status.js';
import { noSupervisor } from '../worker/supervisors.js';
import { connectTemporal, customaryRestart, runHandle } from '../worker/temporal-client.js';
import type { PoolStatus } from '../workflows/supervision.js';
import type { RestartProgress } from './restart-progress.js';
import { progressOf } from './restart-progress.js';

export interface RestartView {
  /** `refused`: it answers, and not to us. */
  temporal: 'ok' | 'unreachable' | 'refused';
  /** `workflowId/runId` of a restart that is open, or holds the pool. */
  run: string | null;
  /** Whether the run that holds the pool is over, or forgotten. */
  ended: boolean;
  /** Null when nobody could tell, or nothing runs. */
  progress: RestartProgress | null;
  /** What keeps Temporal or the restart from answering. */
  trouble: string | null;
}

export interface SupervisorView {
  /** Null of a pool that is not supervised, and where nobody answers for its supervisor. */
  supervisor: PoolStatus | null;
  /** NO_SUPERVISOR or NO_WORKER in words, where that is why. */
  supervisorTrouble: string | null;
}

export class RunningRestarts {
  private client: Client | null = null;
  /** Who did not answer once is not asked about the next pool. */
  private failed: RestartView | null = null;

  constructor(private readonly temporal: TemporalConfig) {}

  /** `holder` is `workflowId/runId` of what holds the pool, or null; one that has only been started holds none yet. */
  async look(pool: string, holder: string | null): Promise<RestartView> {
    try {
      return this.failed === null ? await this.ask(pool, holder) : { ...this.failed, run: holder };
    } catch (error) {
      if (!isSaidByTemporal(error)) throw error;
      const unreachable = error instanceof OperatorError && error.code === 'TEMPORAL_UNREACHABLE';
      this.failed = {
        temporal: unreachable ? 'unreachable' : 'refused',
        ...{ run: holder, ended: false, progress: null, trouble: describeError(error) },
      };
      return this.failed;
    }
  }

  /** What the supervisor of a pool with a policy says of itself, or why it says nothing; that Temporal does not answer, `look` has told. */
  async supervisor(pool: string): Promise<SupervisorView> {
    if (this.client === null || this.failed !== null) return { supervisor: null, supervisorTrouble: null };
    try {
      const supervisor = await supervisorStatus(this.client, this.temporal, pool);
      return { supervisor, supervisorTrouble: supervisor === null ? describeError(noSupervisor(pool)) : null };
    } catch (error) {
      if (!isSaidByTemporal(error)) throw error;
      return { supervisor: null, supervisorTrouble: describeError(error) };
    }
  }

  async close(): Promise<void> {
    await this.client?.connection.close();
  }

  private async ask(pool: string, holder: string | null): Promise<RestartView> {
    const client = (this.client ??= await connectTemporal(this.temporal));
    const run = holder ?? (await customaryRestart(client, this.temporal, pool));
    const idle = { temporal: 'ok', run: holder, ended: holder !== null, progress: null, trouble: null } as const;
    if (run === null) return idle;
    const progress = await progressOf(client, this.temporal, runHandle(client, run)).catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    });
    if (!progress?.open) return idle;
    const { silence } = progress;
    return { temporal: 'ok', run, ended: false, progress, trouble: silence === null ? null : describeError(silence) };
  }
}
