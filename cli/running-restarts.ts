// What Temporal says of the restarts that hold pools. Connects when the first is asked about, and does without when nobody answers.

import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { describeError, OperatorError } from '../config/operator-error.js';
import type { TemporalConfig } from '../config/types.js';
import { isSaidByTemporal } from '../worker/ask-temporal.js';
import { connectTemporal, runHandle } from '../worker/temporal-client.js';
import type { RestartProgress } from './restart-progress.js';
import { progressOf } from './restart-progress.js';
import { missingWorker } from './worker-warning.js';

export interface RestartView {
  /** `refused`: it answers, and not to us. */
  temporal: 'ok' | 'unreachable' | 'refused' | 'not asked';
  /** Whether the run that holds the pool is over, or forgotten. */
  ended: boolean;
  /** Null when nobody could tell, or nothing runs. */
  progress: RestartProgress | null;
  /** What keeps Temporal or the restart from answering. */
  trouble: string | null;
}

export class RunningRestarts {
  private client: Client | null = null;
  /** Who did not answer once is not asked about the next pool. */
  private failed: RestartView | null = null;

  constructor(private readonly temporal: TemporalConfig) {}

  /** `run` is `workflowId/runId`, or null when none holds the pool. */
  async look(run: string | null): Promise<RestartView> {
    if (run === null) return { temporal: 'not asked', ended: false, progress: null, trouble: null };
    try {
      return this.failed ?? (await this.ask(run));
    } catch (error) {
      if (!isSaidByTemporal(error)) throw error;
      const unreachable = error instanceof OperatorError && error.code === 'TEMPORAL_UNREACHABLE';
      this.failed = {
        temporal: unreachable ? 'unreachable' : 'refused',
        ...{ ended: false, progress: null, trouble: describeError(error) },
      };
      return this.failed;
    }
  }

  async close(): Promise<void> {
    await this.client?.connection.close();
  }

  private async ask(run: string): Promise<RestartView> {
    const client = (this.client ??= await connectTemporal(this.temporal));
    const progress = await progressOf(client, this.temporal, runHandle(client, run)).catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return null;
      throw error;
    });
    if (!progress?.open) return { temporal: 'ok', ended: true, progress: null, trouble: null };
    const missing = progress.answered ? null : await missingWorker(client, this.temporal);
    return { temporal: 'ok', ended: false, progress, trouble: missing === null ? null : describeError(missing) };
  }
}
