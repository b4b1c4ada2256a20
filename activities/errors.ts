// Errors of the control plane, and how they cross into Temporal.

import { ApplicationFailure } from '@temporalio/common';
import { OperatorError } from '../config/operator-error.js';
import { databaseUnreachable, isConnectionError } from '../state/errors.js';

export const restartRunning = (pool: string, run: string): OperatorError =>
  new OperatorError(
    'RESTART_RUNNING',
    `Pool ${pool} is already being restarted by ${run}.`,
    `Wait for it; what it does tells: vm-rejuv status ${pool}`,
    {
      status: 409,
    },
  );

export const noProxy = (pool: string, retryable: boolean): OperatorError =>
  new OperatorError('NO_PROXY', `No proxy is registered for pool ${pool}.`, 'Start one with "vm-rejuv proxy" and try again.', {
    retryable,
  });

/** What keeps a step that needs every proxy: one that says why, or does not answer. */
export const proxyTrouble = (
  { pool, retryable }: { pool: string; retryable: boolean },
  { name, incarnation }: { name: string; incarnation: string },
  cause: unknown,
): OperatorError =>
  cause instanceof OperatorError
    ? new OperatorError(cause.code, cause.message, cause.remedy, { retryable: retryable || cause.retryable, cause })
    : new OperatorError(
        'PROXY_UNREACHABLE',
        `Proxy ${name} of pool ${pool} does not answer${reasonOf(cause)}, and nothing proves that it is dead.`,
        `Bring it back, or if its process has ended for certain: vm-rejuv deregister ${pool} ${incarnation}`,
        { retryable, cause },
      );

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return '';
  return ` (${'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message})`;
}

/** A proxy's answer that is no answer. */
export const proxyRefused = (pool: string, name: string, status: number, answer: unknown): OperatorError => {
  const { code, message, remedy } = answer as Partial<Record<'code' | 'message' | 'remedy', string>>;
  if (code === 'ADMIN_UNAUTHORISED') {
    return new OperatorError(
      'ADMIN_UNAUTHORISED',
      `Proxy ${name} of pool ${pool} has another admin token than ours.`,
      'Give proxies, workers and commands the same VM_REJUV_ADMIN_TOKEN.',
      { status },
    );
  }
  return new OperatorError(code ?? 'INTERNAL', `Proxy ${name} of pool ${pool}: ${String(message)}`, remedy ?? '', {
    ...{ status, retryable: status === 503 },
  });
};

export const machineNotReady = (machine: string, seen: string, output: string): OperatorError =>
  new OperatorError(
    'MACHINE_NOT_READY',
    `Machine ${machine} did not get ready: ${seen}.`,
    `Read its own output, ${output}, and compare its url and pools.*.health.`,
  );

export const standbyUnreachable = (machine: string, proxy: string, seen: string): OperatorError =>
  new OperatorError(
    'STANDBY_UNREACHABLE',
    `Proxy ${proxy} does not get a healthy answer from machine ${machine}, though the worker does: ${seen}.`,
    'Let every proxy reach the url of every machine, and compare the configurations of proxy and worker.',
  );

export const notMovable = (message: string, remedy: string): OperatorError =>
  new OperatorError('SESSIONS_NOT_MOVABLE', message, remedy);

export const primaryNotRunning = (pool: string, machine: string): OperatorError =>
  new OperatorError(
    'PRIMARY_NOT_RUNNING',
    `By its driver, the active machine ${machine} is not running.`,
    `What a driver has not started it cannot restart: start it by "vm-rejuv boot ${pool}"; where it runs all the same, stop it first, or correct pools.${pool}.machines.*.driver.`,
  );

export const drainLimit = (pool: string, left: string): OperatorError =>
  new OperatorError(
    'DRAIN_LIMIT',
    `Pool ${pool} did not drain within its limit: ${left}.`,
    `To wait again: vm-rejuv retry ${pool}; or set limits.drain.policy to "wait" or "force". Traffic is served meanwhile.`,
  );

/** What an activity throws: type = code, details = [remedy]; an operator's error is repeated only when that can help. */
export function toFailure(error: unknown): unknown {
  const known = isConnectionError(error) && !(error instanceof OperatorError) ? databaseUnreachable(error) : error;
  if (!(known instanceof OperatorError)) return error;
  return ApplicationFailure.create({
    message: `${known.message} ${known.remedy}`,
    type: known.code,
    nonRetryable: !known.retryable,
    details: [known.remedy],
    ...(known.cause instanceof Error ? { cause: known.cause } : {}),
  });
}
