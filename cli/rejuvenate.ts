// Starts a clean restart and, with --watch, shows it until it has ended.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { describeError, OperatorError } from '../config/operator-error.js';
import type { Config, TemporalConfig } from '../config/types.js';
import type { CleanRestartHandle } from '../worker/temporal-client.js';
import { connectTemporal, requireWorker, startCleanRestart } from '../worker/temporal-client.js';
import { statusQuery } from '../workflows/messages.js';
import type { StepTime } from '../workflows/steps.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { choosePool } from './pool-option.js';

const POLL_MS = 300;
/** A worker takes a new restart up at once; after this long without an answer somebody should look. Chosen. */
const NO_WORKER_AFTER_MS = 3000;

export async function rejuvenate(
  config: Config,
  poolName: string,
  options: OutputOptions & { watch?: boolean; reason?: string },
): Promise<void> {
  const pool = choosePool(config, poolName);
  const client = await connectTemporal(config.temporal);
  try {
    const handle = await startCleanRestart(client, config.temporal.taskQueue, pool.name, options.reason);
    const { workflowId } = handle;
    print(options, `Clean restart of ${pool.name} started: ${workflowId}`, { workflowId, pool: pool.name, started: true });
    if (!options.watch) return;
    const warning = new AbortController();
    void warnWithoutWorker(client, config.temporal, options, warning.signal).catch(() => undefined);
    await watch(handle, options, () => warning.abort()).finally(() => warning.abort());
  } finally {
    await client.connection.close();
  }
}

async function watch(handle: CleanRestartHandle, options: OutputOptions, onAnswer: () => void): Promise<void> {
  let ended = false;
  const result = handle.result().finally(() => (ended = true));
  result.catch(() => undefined);
  const shown = new Set<string>();
  const showSteps = (steps: readonly StepTime[]): void => {
    for (const { name, ms } of steps) {
      if (ms === null || shown.has(name)) continue;
      shown.add(name);
      print(options, `  ${name.padEnd(16)} ${ms} ms`, { step: name, ms });
    }
  };
  while (!ended) {
    const now = await handle.query(statusQuery).catch(() => null);
    if (now !== null) onAnswer();
    showSteps(now?.steps ?? []);
    if (now?.waiting && !shown.has(now.waiting)) {
      shown.add(now.waiting);
      print(options, `  waits for an operator: ${now.waiting}`, { waiting: now.waiting });
    }
    const trouble = await troubleOf(handle);
    if (trouble !== null && !shown.has(trouble)) {
      shown.add(trouble);
      print(options, `  tries again: ${trouble}`, { retrying: trouble });
    }
    await Promise.race([result.catch(() => undefined), sleep(POLL_MS)]);
  }
  try {
    const outcome = await result;
    showSteps(outcome.steps);
    print(
      options,
      `Done: ${outcome.sessionsMoved} sessions moved, held p99 ${outcome.holdMs.p99} ms, max ${outcome.holdMs.max} ms`,
      outcome,
    );
  } catch (error) {
    throw readable(error);
  }
}

/** Why the step that runs had to begin once more, or null. */
async function troubleOf(handle: CleanRestartHandle): Promise<string | null> {
  const described = await handle.describe().catch(() => null);
  return described?.raw.pendingActivities?.[0]?.lastFailure?.message ?? null;
}

/** Says so once when nobody is there who could carry the restart out; until `signal` says that somebody has answered. */
async function warnWithoutWorker(
  client: Client,
  temporal: TemporalConfig,
  options: OutputOptions,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await sleep(NO_WORKER_AFTER_MS, undefined, { signal });
    try {
      await requireWorker(client, temporal);
    } catch (error) {
      if (!(error instanceof OperatorError) || error.code !== 'NO_WORKER') continue;
      const { code, message, remedy } = error;
      return print(options, `  waits: ${describeError(error)}`, { waiting: code, message, remedy });
    }
  }
}

/** The failure as the activity worded it, without Temporal's envelopes. */
function readable(error: unknown): unknown {
  let cause = error instanceof WorkflowFailedError ? error.cause : error;
  while (cause instanceof Error && !(cause instanceof ApplicationFailure) && cause.cause !== undefined) cause = cause.cause;
  if (!(cause instanceof ApplicationFailure)) return error;
  const remedy = typeof cause.details?.[0] === 'string' ? cause.details[0] : '';
  return new OperatorError(cause.type ?? 'RESTART_FAILED', cause.message.replace(` ${remedy}`, ''), remedy);
}
