import { ServiceError } from '@temporalio/client';
import { expect, test } from 'vitest';
import { OperatorError } from '../../config/operator-error.js';
import { askTemporal, isSaidByTemporal } from '../../worker/ask-temporal.js';

const client = { withDeadline: <T>(_deadline: number | Date, ask: () => Promise<T>): Promise<T> => ask() };

/** What the client makes of a gRPC status. */
function wrapped(code: number): ServiceError {
  const cause = Object.assign(new Error('From the network.'), { code, details: '', metadata: {} });
  return new ServiceError('Failed to describe workflow', { cause });
}

function asked(error: Error): Promise<unknown> {
  return askTemporal(client, 'temporal:7233', () => Promise.reject(error)).catch((thrown: unknown) => thrown);
}

test('what the network or a crowd keeps from being answered is TEMPORAL_UNREACHABLE, by what to do', async () => {
  expect(await asked(wrapped(14))).toMatchObject({
    code: 'TEMPORAL_UNREACHABLE',
    message: 'Temporal does not answer at temporal:7233.',
  });
  expect(await asked(wrapped(8))).toMatchObject({
    ...{ code: 'TEMPORAL_UNREACHABLE', remedy: expect.stringContaining('load') as string },
  });
});

test('a refusal is an answer, and told from a mistake of our own', async () => {
  const refusal = await asked(wrapped(7));
  expect(refusal).not.toBeInstanceOf(OperatorError);
  expect(isSaidByTemporal(refusal)).toBe(true);
  expect(isSaidByTemporal(new OperatorError('NAMESPACE_UNKNOWN', '', ''))).toBe(true);
  expect(isSaidByTemporal(new TypeError('Not a function.'))).toBe(false);
});
