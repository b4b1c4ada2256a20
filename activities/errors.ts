// Errors of the control plane, and how they cross into Temporal.

import { ApplicationFailure } from '@temporalio/common';
import { OperatorError } from '../config/operator-error.js';
import type { ProxyRow } from '../state/proxy-register.js';
import { isFailOver } from '../workflows/workflow-ids.js';

export const restartRunning = (pool: string, run: string): OperatorError =>
  new OperatorError(
    'RESTART_RUNNING',
    isFailOver(pool, run) ? `Pool ${pool} is failing over: ${run} has it.` : `Pool ${pool} is already being restarted by ${run}.`,
    `Watch it: vm-rejuv rejuvenate ${pool} --watch, or look what it waits for: vm-rejuv status ${pool}`,
    { status: 409 },
  );

/** `worker`: whose configuration it is, where that is another process than the operator's. */
export const withoutPolicy = (pool: string, worker?: string): OperatorError =>
  new OperatorError(
    'POLICY_MISSING',
    `Pool ${pool} is not supervised: ${worker === undefined ? 'its configuration' : `the configuration of worker ${worker}`} has no policy.`,
    `Add pools.${pool}.policy, {} for defaults, and restart the worker.`,
    { status: 409 },
  );

export const poolMoving = (pool: string, phase: string): OperatorError =>
  new OperatorError(
    'POOL_MOVING',
    `Pool ${pool} is ${phase}: a clean restart of it has not ended, and sessions are on both machines.`,
    `Let the clean restart go on: vm-rejuv rejuvenate ${pool} --watch`,
    { status: 409 },
  );

export const activeRecovered = (pool: string, machine: string): OperatorError =>
  new OperatorError(
    'ACTIVE_RECOVERED',
    `Machine ${machine}, the active one of pool ${pool}, runs and answers its health check.`,
    `Nothing to do; to restart it all the same: vm-rejuv rejuvenate ${pool}`,
    { status: 409 },
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

/** What a proxy of this pool says when it cannot answer. Anything else at its address is not it. */
const PROXY_CODES = /^(ADMIN_UNAUTHORISED|ADMIN_REQUEST_INVALID|DATABASE_(UNREACHABLE|REFUSED)|HOLD_ENDED|INTERNAL)$/;

/** An answer other than 200, as an error. */
export const proxyRefused = (pool: string, { name, adminUrl }: ProxyRow, status: number, answer: unknown): Error => {
  const { code = '', message, remedy } = answer as Partial<Record<'code' | 'message' | 'remedy', string>>;
  if (!PROXY_CODES.test(code)) return notIt(adminUrl);
  if (code === 'ADMIN_UNAUTHORISED') {
    return new OperatorError(
      'ADMIN_UNAUTHORISED',
      `Proxy ${name} of pool ${pool} has another admin token than ours.`,
      'Give proxies, workers and commands the same VM_REJUV_ADMIN_TOKEN.',
      { status },
    );
  }
  return new OperatorError(code, `Proxy ${name} of pool ${pool}: ${String(message)}`, remedy ?? '', {
    ...{ status, retryable: status === 503 },
  });
};

/** `field` of vm-rejuv.yaml has another value, as JSON, for a proxy than for this process. */
export const proxyDiffers = (pool: string, proxy: string, field: string, theirs: string, ours: string): OperatorError =>
  new OperatorError(
    'PROXY_DIFFERS',
    `Proxy ${proxy} of pool ${pool} was started with pools.${pool}.${field} ${theirs}, and here it is ${ours}.`,
    'Start proxies and workers anew with the same vm-rejuv.yaml, the proxies one after the other.',
    { status: 409 },
  );

export const notIt = (adminUrl: string): Error => new Error(`another one answers at ${adminUrl}`);

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

/** A request of our own that got no answer: that may pass. */
export const machineUnreachable = (machine: string, path: string, cause: unknown): OperatorError =>
  new OperatorError(
    'MACHINE_UNREACHABLE',
    `Machine ${machine} does not answer ${path}${reasonOf(cause)}.`,
    'Look at the machine.',
    { status: 502, retryable: true, cause },
  );

/** Sessions that must not rest may have rested for so long that a pass takes them. */
export const notKeptAwake = (restS: number, cause: unknown): OperatorError =>
  new OperatorError(
    'TOMCAT_UNREACHABLE',
    `For ${restS} s, sessions with an open WebSocket could not be found and named to Tomcat${reasonOf(cause)}: a pass would take them.`,
    'Check that the machine and the proxies answer.',
    { status: 502, retryable: true, cause },
  );

/** `what`: what the hypervisor of the machine, or the way to it, did or did not do. */
export const hypervisorFailed = (machine: string, what: string, cause?: unknown): OperatorError =>
  new OperatorError(
    'HYPERVISOR_FAILED',
    `The hypervisor of machine ${machine} ${what}${reasonOf(cause)}.`,
    'Look at the hypervisor and the way to it.',
    { retryable: true, cause },
  );

export const primaryNotRunning = (pool: string, machine: string): OperatorError =>
  new OperatorError(
    'PRIMARY_NOT_RUNNING',
    `By its driver, the active machine ${machine} is not running.`,
    `What a driver has not started it cannot restart: start it by "vm-rejuv boot ${pool}", or let the standby take its place where "vm-rejuv status ${pool}" says that a fail-over waits; where it runs all the same, stop it first, or correct pools.${pool}.machines.*.driver.`,
  );

export const drainLimit = (pool: string, left: string): OperatorError =>
  new OperatorError(
    'DRAIN_LIMIT',
    `Pool ${pool} did not drain within its limit: ${left}.`,
    `To wait again: vm-rejuv retry ${pool}; or set limits.drain.policy to "wait" or "force". Traffic is served meanwhile.`,
  );

/** What an activity throws: type = code, details = [remedy]; an operator's error is repeated only when that can help. */
export function toFailure(error: unknown): Error {
  if (!(error instanceof OperatorError)) return error instanceof Error ? error : new Error(String(error));
  // Of those who meet the error, only a step of a workflow is repeated by itself.
  const remedy = error.retryable ? `${error.remedy} It is tried again.` : error.remedy;
  return ApplicationFailure.create({
    message: `${error.message} ${remedy}`,
    type: error.code,
    nonRetryable: !error.retryable,
    details: [remedy],
    ...(error.cause instanceof Error ? { cause: error.cause } : {}),
  });
}
