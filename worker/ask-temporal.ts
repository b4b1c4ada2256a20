// One question to Temporal, bounded in time: a server that is gone must not keep whoever asks.

import type { Client } from '@temporalio/client';
import { isGrpcServiceError } from '@temporalio/client';
import { OperatorError } from '../config/operator-error.js';

/** How long one answer may take, with what the client tries again by itself. Chosen: far above any answer, below a person's patience. */
const ANSWER_MS = 5000;

/** https://grpc.io/docs/guides/status-codes */
export const RESOURCE_EXHAUSTED = 8;
/** FAILED_PRECONDITION: what Temporal says of a question to a workflow where no worker polls, and where the workflow's last task has failed. */
export const NO_POLLER = 9;
/** CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, and who has too much to do to answer. */
const NO_ANSWER = new Set([1, 2, 4, RESOURCE_EXHAUSTED, 13, 14]);

/** Resolves with the answer; TEMPORAL_UNREACHABLE when there is none. Other errors are answers, and leave as they are. */
export async function askTemporal<T>(
  client: Pick<Client, 'withDeadline'>,
  address: string,
  question: () => Promise<T>,
): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + ANSWER_MS, question);
  } catch (error) {
    throw isWithoutAnswer(error) ? temporalUnreachable(address, error) : error;
  }
}

export function temporalUnreachable(address: string, cause: unknown): OperatorError {
  const [message, remedy] =
    grpcStatus(cause) === RESOURCE_EXHAUSTED
      ? [`Temporal at ${address} has too much to do to answer.`, 'Look at its load and its limits; traffic goes on meanwhile.']
      : [
          `Temporal does not answer at ${address}.`,
          'Check that it runs and that temporal.address or VM_REJUV_TEMPORAL_ADDRESS names it; traffic goes on meanwhile.',
        ];
  return new OperatorError('TEMPORAL_UNREACHABLE', message, remedy, { status: 503, retryable: true, cause });
}

/** Whether Temporal, or the way to it, has said this, rather than a mistake of ours. */
export function isSaidByTemporal(error: unknown): boolean {
  return error instanceof OperatorError || grpcStatus(error) !== null;
}

function isWithoutAnswer(error: unknown): boolean {
  return NO_ANSWER.has(grpcStatus(error) ?? 0);
}

/** The client wraps what the network says; null of what it has not said. */
export function grpcStatus(error: unknown): number | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (isGrpcServiceError(cause)) return Number(cause.code);
  return null;
}
