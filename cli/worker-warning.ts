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

/** For who goes on asking: warns when nobody has answered for a while, once until somebody answers. */
export function createWorkerWarning(options: OutputOptions): (silence: OperatorError | null) => void {
  let silentSince: number | null = null;
  let warned = false;
  return (silence) => {
    if (silence === null) {
      silentSince = null;
      warned = false;
      return;
    }
    silentSince ??= performance.now();
    if (warned || performance.now() - silentSince < NO_WORKER_AFTER_MS) return;
    warn(options, silence);
    warned = true;
  };
}

function warn(options: OutputOptions, error: OperatorError): void {
  const { code, message, remedy } = error;
  print(options, `  waits: ${describeError(error)}`, { waiting: code, code, message, remedy });
}
