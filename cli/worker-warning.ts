// Says that nobody is there who could carry a restart out. It waits for one, so this is no failure.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { describeError, OperatorError } from '../config/operator-error.js';
import type { TemporalConfig } from '../config/types.js';
import { requireWorker } from '../worker/temporal-client.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';

/** A worker takes a new restart up at once; after this long without one somebody should look. Chosen. */
const NO_WORKER_AFTER_MS = 3000;

/** NO_WORKER when nobody polls the task queue; null when somebody does, or when that cannot be told. */
export async function missingWorker(client: Client, temporal: TemporalConfig): Promise<OperatorError | null> {
  try {
    await requireWorker(client, temporal);
    return null;
  } catch (error) {
    return error instanceof OperatorError && error.code === 'NO_WORKER' ? error : null;
  }
}

/** Warns once. Where a worker is there it resolves at once. */
export async function warnWithoutWorker(client: Client, temporal: TemporalConfig, options: OutputOptions): Promise<void> {
  if ((await missingWorker(client, temporal)) === null) return;
  // One that starts at the same time is about to ask.
  await sleep(NO_WORKER_AFTER_MS);
  const missing = await missingWorker(client, temporal);
  if (missing !== null) warn(options, missing);
}

/** Warns once, until `signal` says that somebody has answered. */
export async function warnUntilAnswered(
  client: Client,
  temporal: TemporalConfig,
  options: OutputOptions,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await sleep(NO_WORKER_AFTER_MS, undefined, { signal });
    const missing = await missingWorker(client, temporal);
    if (missing !== null && !signal.aborted) return warn(options, missing);
  }
}

function warn(options: OutputOptions, error: OperatorError): void {
  const { code, message, remedy } = error;
  print(options, `  waits: ${describeError(error)}`, { waiting: code, message, remedy });
}
