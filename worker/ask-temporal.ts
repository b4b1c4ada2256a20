// One question to Temporal, bounded in time: a server that is gone must not keep whoever asks.

import type { Client } from '@temporalio/client';
import { isGrpcServiceError } from '@temporalio/client';
import { OperatorError } from '../config/operator-error.js';

/** How long one answer may take, with what the client tries again by itself. Chosen: far above any answer, below a person's patience. */
const ANSWER_MS = 5000;

/** https://grpc.io/docs/guides/status-codes: CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED (too many ask), INTERNAL, UNAVAILABLE. */
const NO_ANSWER = new Set([1, 2, 4, 8, 13, 14]);

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
  return new OperatorError(
    'TEMPORAL_UNREACHABLE',
    `Temporal does not answer at ${address}.`,
    'Check that it runs and that temporal.address or VM_REJUV_TEMPORAL_ADDRESS names it; traffic goes on meanwhile.',
    { status: 503, retryable: true, cause },
  );
}

/** The client wraps what the network says. */
function isWithoutAnswer(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (isGrpcServiceError(cause)) return NO_ANSWER.has(Number(cause.code));
  return false;
}
