// Waits for a restart that somebody else carries out, and says to it what an operator decides.

import { Context } from '@temporalio/activity';
import type { ActivityDeps, Decision } from './deps.js';
import { toFailure } from './errors.js';

const HEARTBEAT_MS = 1000;

export type RestartEnd = { ended: 'well' } | { ended: 'badly'; code: string; message: string };

export interface RunInput {
  /** `workflowId/runId` */
  run: string;
}

export interface TellInput extends RunInput {
  pool: string;
  decision: Decision;
  reason: string | null;
}

/** Resolves when the run is closed, with how it has ended. */
export async function followRestart({ restarts }: ActivityDeps, { run }: RunInput): Promise<RestartEnd> {
  const { heartbeat, cancellationSignal } = contextOf();
  const timer = setInterval(heartbeat, HEARTBEAT_MS);
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
  try {
    return await restarts.tell(word);
  } catch (error) {
    throw toFailure(error);
  }
}

function contextOf(): { heartbeat: () => void; cancellationSignal: AbortSignal } {
  const context = Context.current();
  return { heartbeat: () => context.heartbeat(), cancellationSignal: context.cancellationSignal };
}
