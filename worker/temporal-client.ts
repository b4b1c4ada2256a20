// Temporal as the CLI and the worker use it: connect, start a clean restart, ask about it.

import { Client, Connection, isGrpcServiceError, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { OperatorError } from '../config/operator-error.js';
import type { TemporalConfig } from '../config/types.js';
import type { cleanRestart } from '../workflows/clean-restart.js';

export type CleanRestartHandle = WorkflowHandleWithFirstExecutionRunId<typeof cleanRestart>;

/** https://grpc.io/docs/guides/status-codes */
const GRPC_NOT_FOUND = 5;
/** temporal.api.enums.v1.TaskQueueType: TASK_QUEUE_TYPE_WORKFLOW */
const WORKFLOW_TASKS = 1;
/** A worker asks again after a minute at the latest, which is Temporal's long poll; a few seconds more for the way. */
const POLLED_WITHIN_MS = 75_000;

/** Connects, or says TEMPORAL_UNREACHABLE or NAMESPACE_UNKNOWN. Close `client.connection` when done. */
export async function connectTemporal({ address, namespace }: TemporalConfig): Promise<Client> {
  const connection = await Connection.connect({ address, connectTimeout: 5000 }).catch((cause: unknown) => {
    throw temporalUnreachable(address, cause);
  });
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (cause) {
    // Who may not ask for it may use it all the same.
    if (!isGrpcServiceError(cause) || Number(cause.code) === GRPC_NOT_FOUND) {
      await connection.close();
      throw namespaceUnknown(address, namespace, cause);
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

export function temporalUnreachable(address: string, cause: unknown): OperatorError {
  return new OperatorError(
    'TEMPORAL_UNREACHABLE',
    `Temporal does not answer at ${address}.`,
    'Check that it runs and that temporal.address or VM_REJUV_TEMPORAL_ADDRESS names it; traffic goes on meanwhile.',
    { status: 503, retryable: true, cause },
  );
}

/** Starts a clean restart of `pool`; RESTART_RUNNING when one with this id is open. */
export async function startCleanRestart(
  client: Client,
  taskQueue: string,
  pool: string,
  reason?: string,
): Promise<CleanRestartHandle> {
  try {
    return await client.workflow.start<typeof cleanRestart>('cleanRestart', {
      workflowId: `clean-restart/${pool}`,
      taskQueue,
      args: [reason === undefined ? { pool } : { pool, reason }],
      workflowIdConflictPolicy: 'FAIL',
      staticSummary: `Clean restart of ${pool}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new OperatorError(
      'RESTART_RUNNING',
      `Pool ${pool} is already being restarted by clean-restart/${pool}.`,
      `Watch it: vm-rejuv status ${pool}`,
      { status: 409, cause: error },
    );
  }
}

/** Whether the run `workflowId/runId` is open. A run that Temporal does not know any more is not. */
export async function isRunOpen(client: Client, run: string): Promise<boolean> {
  const cut = run.lastIndexOf('/');
  try {
    const { status } = await client.workflow.getHandle(run.slice(0, cut), run.slice(cut + 1)).describe();
    return status.name === 'RUNNING' || status.name === 'PAUSED';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    if (isGrpcServiceError(error)) throw temporalUnreachable('its address', error);
    throw error;
  }
}

/** Throws NO_WORKER when no worker has asked for work of this task queue lately: a restart would wait for one in silence. */
export async function requireWorker(client: Client, config: TemporalConfig): Promise<void> {
  const { namespace, taskQueue } = config;
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: WORKFLOW_TASKS,
  });
  const lastMs = Math.max(0, ...pollers.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000));
  if (Date.now() - lastMs < POLLED_WITHIN_MS) return;
  throw new OperatorError(
    'NO_WORKER',
    `No worker polls task queue "${taskQueue}" of namespace "${namespace}" at ${config.address}.`,
    'Start one: vm-rejuv worker. Its temporal.namespace and temporal.taskQueue must be the same.',
    { status: 503, retryable: true },
  );
}
