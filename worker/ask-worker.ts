// One question to a workflow, which a worker has to answer.

import type { Client } from '@temporalio/client';
import { QueryNotRegisteredError } from '@temporalio/client';
import { OperatorError } from '../config/operator-error.js';
import type { TemporalConfig } from '../config/types.js';
import { askTemporal, grpcStatus, isSaidByTemporal, NO_POLLER, RESOURCE_EXHAUSTED } from './ask-temporal.js';
import { noWorker } from './temporal-client.js';

/**
 * Resolves with the answer, or throws NO_WORKER, or WORKER_FAILED where one is there and cannot answer. Ask Temporal something first, which
 * it answers by itself: it takes a worker that died for alive for some minutes, and its own silence looks like the worker's.
 */
export async function askWorker<T>(client: Client, temporal: TemporalConfig, question: () => Promise<T>): Promise<T> {
  try {
    return await askTemporal(client, temporal.address, question);
  } catch (error) {
    if (isUnanswered(error)) throw noWorker(temporal, 'No worker answers of', error);
    throw error instanceof QueryNotRegisteredError || (isSaidByTemporal(error) && !(error instanceof OperatorError))
      ? workerFailed(temporal, error)
      : error;
  }
}

/** Temporal has waited for a worker in vain, or for some time seen none. */
function isUnanswered(error: unknown): boolean {
  const status = grpcStatus(error);
  if (error instanceof OperatorError) return status !== RESOURCE_EXHAUSTED;
  return status === NO_POLLER && !/failed state/i.test(causeOf(error).message);
}

function workerFailed({ taskQueue }: TemporalConfig, cause: unknown): OperatorError {
  return new OperatorError(
    'WORKER_FAILED',
    `A worker of task queue "${taskQueue}" cannot answer: ${causeOf(cause).message}`,
    "Look at the worker's output: one of another version may not be able to go on with what an earlier one has begun.",
    { status: 502, retryable: true, cause },
  );
}

/** What the server has said: the client wraps it in words that say nothing. */
function causeOf(error: unknown): Error {
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  return cause instanceof Error ? cause : new Error(String(cause));
}
