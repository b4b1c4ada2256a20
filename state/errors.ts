// Errors of the store.

import { OperatorError } from '../config/operator-error.js';

export function databaseUnreachable(cause: unknown): OperatorError {
  const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new OperatorError(
    'DATABASE_UNREACHABLE',
    `PostgreSQL does not answer${reason}.`,
    'Check that it runs and that VM_REJUV_DATABASE_URL names it; traffic of a steady pool goes on meanwhile.',
    { status: 503, retryable: true, cause },
  );
}

/** The row no longer belongs to this attempt: another run or a later attempt has taken the pool over. */
export function fenced(pool: string): OperatorError {
  return new OperatorError(
    'FENCED',
    `Pool ${pool} has been taken over by another run or a later attempt.`,
    'Nothing to do: the later one goes on.',
    { status: 409 },
  );
}

export function poolUnknown(pool: string): OperatorError {
  return new OperatorError('POOL_UNKNOWN', `There is no pool "${pool}".`, 'Use a name from "pools" of the configuration.', {
    status: 404,
  });
}

/** Whether an error means that PostgreSQL could not be reached or went away (SQLSTATE classes 08 and 57P). */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return (
    /^(08|57P)/.test(code) ||
    ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH'].includes(code) ||
    /terminated|timeout|not queryable/i.test(error.message)
  );
}
