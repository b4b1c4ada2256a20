// Waits for a restart that somebody else carries out, and says to it what an operator decides.

import { Context } from '@temporalio/activity';
import type { ActivityDeps, Decision } from './deps.js';
import { toFailure } from './errors.js';

const HEARTBEAT_MS = 1000;

export type RestartEnd = { ended: 'well' } | { ended: 'badly'; code: string; message: string };

export interface RunInput {
  pool: string;
  /** `workflowId/runId` */
  run: string;
}

export interface TellInput extends RunInput {
  decision: Decision;
  reason: string | null;
}

/** Resolves when the run is closed, with how it has ended. */
export async function followRestart({ restarts }: ActivityDeps, { run }: RunInput): Promise<RestartEnd> {
  const context = Context.current();
  const { cancellationSignal } = context;
  const timer = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  try {
    return await restarts.end(run, cancellationSignal);
  } catch (error) {
    cancellationSignal.throwIfAborted();
    throw toFailure(error);
  } finally {
    clearInterval(timer);
  }
}

/** What the restart answers; UPDATE_REFUSED when it makes no sense to it now. */
export async function tellRestart({ restarts }: ActivityDeps, word: TellInput): Promise<string> {
  const { info } = Context.current();
  try {
    // However often it is tried, it is said once.
    return await restarts.tell(word, `${info.workflowExecution?.runId ?? ''}/${info.activityId}`);
  } catch (error) {
    throw toFailure(error);
  }
}
