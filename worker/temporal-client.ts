// Temporal as the CLI and the worker use it: connect, start a clean restart, ask about it.

import { Client, Connection, isGrpcServiceError, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { WorkflowExecutionStatusName, WorkflowHandle, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { restartRunning } from '../activities/errors.js';
import { OperatorError } from '../config/operator-error.js';
import type { TemporalConfig } from '../config/types.js';
import type { cleanRestart } from '../workflows/clean-restart.js';
import { restartOf } from '../workflows/workflow-ids.js';
import { askTemporal, temporalUnreachable } from './ask-temporal.js';

/** One run of a restart. */
export type RunHandle = WorkflowHandle<typeof cleanRestart>;
export type CleanRestartHandle = WorkflowHandleWithFirstExecutionRunId<typeof cleanRestart>;

/** https://grpc.io/docs/guides/status-codes */
const GRPC_NOT_FOUND = 5;
/** temporal.api.enums.v1.TaskQueueType: TASK_QUEUE_TYPE_WORKFLOW */
const WORKFLOW_TASKS = 1;
/** temporal.api.enums.v1.PendingActivityState: PENDING_ACTIVITY_STATE_STARTED */
const ACTIVITY_STARTED = 2;
/** A worker asks again after a minute at the latest, which is Temporal's long poll; a few seconds more for the way. */
const POLLED_WITHIN_MS = 75_000;
/** A server that comes back is found again within this; gRPC's own two minutes are longer than anybody watches. Chosen. */
const RECONNECT_WITHIN_MS = 2000;

/** Connects, or says TEMPORAL_UNREACHABLE or NAMESPACE_UNKNOWN. Close `client.connection` when done. */
export async function connectTemporal({ address, namespace }: TemporalConfig): Promise<Client> {
  const channelArgs = { 'grpc.max_reconnect_backoff_ms': RECONNECT_WITHIN_MS };
  const connection = await Connection.connect({ address, connectTimeout: 5000, channelArgs }).catch((cause: unknown) => {
    throw temporalUnreachable(address, cause);
  });
  try {
    await askTemporal(connection, address, () => connection.workflowService.describeNamespace({ namespace }));
  } catch (cause) {
    // Who may not ask for it may use it all the same.
    if (!isGrpcServiceError(cause) || Number(cause.code) === GRPC_NOT_FOUND) {
      await connection.close();
      throw cause instanceof OperatorError ? cause : namespaceUnknown(address, namespace, cause);
    }
  }
  return new Client({ connection, namespace });
}

function namespaceUnknown(address: string, namespace: string, cause: unknown): OperatorError {
  return new OperatorError(
    'NAMESPACE_UNKNOWN',
    `Temporal at ${address} has no namespace "${namespace}".`,
    'Correct temporal.namespace, or make it: temporal operator namespace create.',
    { status: 404, cause },
  );
}

/** Starts a clean restart of `pool`; RESTART_RUNNING when one with this id is open. */
export async function startCleanRestart(
  client: Client,
  { address, taskQueue }: Pick<TemporalConfig, 'address' | 'taskQueue'>,
  pool: string,
  reason?: string,
): Promise<CleanRestartHandle> {
  try {
    return await askTemporal(client, address, () =>
      client.workflow.start<typeof cleanRestart>('cleanRestart', {
        workflowId: restartOf(pool),
        taskQueue,
        args: [reason === undefined ? { pool } : { pool, reason }],
        workflowIdConflictPolicy: 'FAIL',
        staticSummary: `Clean restart of ${pool}`,
      }),
    );
  } catch (error) {
    if (error instanceof OperatorError) throw maybeStarted(error, address, pool);
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw restartRunning(pool, restartOf(pool));
  }
}

function maybeStarted(cause: OperatorError, address: string, pool: string): OperatorError {
  return new OperatorError(
    'TEMPORAL_UNREACHABLE',
    `Temporal at ${address} has not said whether it has started the clean restart of ${pool}.`,
    `Look: vm-rejuv status ${pool}, or start it again, which joins one that runs: vm-rejuv rejuvenate ${pool} --watch`,
    { status: 503, retryable: true, cause },
  );
}

/** The latest run under the pool's customary workflow id, as `workflowId/runId`, or null when Temporal knows none. */
export async function customaryRestart(client: Client, { address }: TemporalConfig, pool: string): Promise<string | null> {
  const workflowId = restartOf(pool);
  try {
    const { runId } = await askTemporal(client, address, () => client.workflow.getHandle(workflowId).describe());
    return `${workflowId}/${runId}`;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** The run named `workflowId/runId`, as a pool's row has it. */
export function runHandle(client: Client, run: string): RunHandle {
  const cut = run.lastIndexOf('/');
  return client.workflow.getHandle<typeof cleanRestart>(run.slice(0, cut), run.slice(cut + 1));
}

/** Whether the run `workflowId/runId` is open. A run that Temporal does not know any more is not. */
export async function isRunOpen(client: Client, { address }: TemporalConfig, run: string): Promise<boolean> {
  try {
    const { status } = await askTemporal(client, address, () => runHandle(client, run).describe());
    return isOpen(status.name);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** Whether an attempt of a pending activity runs, rather than waits for its turn. */
export function isStarted({ state }: { state?: unknown }): boolean {
  return Number(state) === ACTIVITY_STARTED;
}

/** Whether a run in this state goes on. */
export function isOpen(status: WorkflowExecutionStatusName): boolean {
  return status === 'RUNNING' || status === 'PAUSED';
}

/** `nobody`: what was found of the task queue's workers. */
export function noWorker({ address, namespace, taskQueue }: TemporalConfig, nobody: string, cause?: unknown): OperatorError {
  return new OperatorError(
    'NO_WORKER',
    `${nobody} task queue "${taskQueue}" of namespace "${namespace}" at ${address}.`,
    'Start one: vm-rejuv worker. Its temporal.namespace and temporal.taskQueue must be the same.',
    { status: 503, retryable: true, cause },
  );
}

/** Throws NO_WORKER when no worker has asked for work of this task queue lately: a restart would wait for one in silence. */
export async function requireWorker(client: Client, config: TemporalConfig): Promise<void> {
  const { namespace, taskQueue } = config;
  const { pollers } = await askTemporal(client, config.address, () =>
    client.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType: WORKFLOW_TASKS }),
  );
  const lastMs = Math.max(0, ...pollers.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000));
  if (Date.now() - lastMs >= POLLED_WITHIN_MS) throw noWorker(config, 'No worker polls');
}
