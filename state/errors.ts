// Errors of the store.

import { codeOf } from '../config/error-code.js';
import { OperatorError } from '../config/operator-error.js';

/** SQLSTATE classes 08 (connection) and 57P (shut down), 25P03 (idle in a transaction), and what the operating system says. */
const UNREACHABLE = /^(08...|57P..|25P03|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|EAI_AGAIN)$/;
/** SQLSTATE classes 28 (authorisation) and 3D (no such database). */
const REFUSED = /^(28...|3D...)$/;
/** What the client says without a code. */
const CLIENT_MESSAGES =
  /^(timeout exceeded when trying to connect|Query read timeout|Connection terminated|Client has encountered)/;

/** `named`: where the configuration has its URL. */
export function databaseUnreachable(cause: unknown, named = 'VM_REJUV_DATABASE_URL'): OperatorError {
  const code = codeOf(cause, '');
  const reason = code === '' ? '' : ` (${code})`;
  if (REFUSED.test(code)) {
    return new OperatorError(
      'DATABASE_REFUSED',
      `PostgreSQL refuses the connection${reason}.`,
      `Correct user, password and database in ${named}.`,
      { status: 503, cause },
    );
  }
  return new OperatorError(
    'DATABASE_UNREACHABLE',
    `PostgreSQL does not answer${reason}.`,
    `Check that it runs and that ${named} names it; traffic of a steady pool goes on meanwhile.`,
    { status: 503, retryable: true, cause },
  );
}

/** PostgreSQL answers, but the schema cannot be brought up to date yet. */
export function migrationLocked(timeoutMs: number, cause: unknown): OperatorError {
  return new OperatorError(
    'DATABASE_UNREACHABLE',
    `Another process migrates the database, or holds a lock that migrations need, for more than ${timeoutMs / 1000} s.`,
    'Wait until it is done and try again; pg_locks and pg_stat_activity name the session that holds the lock.',
    { status: 503, retryable: true, cause },
  );
}

/**
 * The row no longer belongs to this attempt: another run or a later attempt has taken the pool over. Retryable unless the run itself has
 * lost the pool: an attempt that was frozen may take the pen late, and whom it has overtaken by that is still the one that Temporal waits for.
 */
export function fenced(pool: string, { isRunOver = false } = {}): OperatorError {
  return new OperatorError(
    'FENCED',
    `Pool ${pool} has been taken over by another run or a later attempt.`,
    'Nothing to do: the later one goes on.',
    { status: 409, retryable: !isRunOver },
  );
}

/** The row names a machine that the configuration does not have. */
export function machineUnknown(pool: string, machine: string): OperatorError {
  return new OperatorError(
    'MACHINE_UNKNOWN',
    `The store says that pool ${pool} uses machine "${machine}", which the configuration does not have.`,
    `Give the machine its earlier name back in pools.${pool}.machines, or rename it in the store as well: docs/operations.md, "Renaming a machine".`,
    { status: 409 },
  );
}

/** `known` are the names that would have been right; the store alone does not know them. */
export function poolUnknown(pool: string, known: readonly string[] = []): OperatorError {
  const remedy = known.length === 0 ? 'Use a name from "pools" of the configuration.' : `Name one of: ${known.join(', ')}.`;
  return new OperatorError('POOL_UNKNOWN', `There is no pool "${pool}".`, remedy, { status: 404 });
}

/** Whether an error means that PostgreSQL could not be reached, went away, or did not let us in. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error, '');
  return UNREACHABLE.test(code) || REFUSED.test(code) || CLIENT_MESSAGES.test(error.message);
}
