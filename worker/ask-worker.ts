// One question to a workflow, which a worker has to answer.

import type { Client } from '@temporalio/client';
import type { TemporalConfig } from '../config/types.js';
import { askTemporal, isSaidByTemporal } from './ask-temporal.js';
import { noWorker } from './temporal-client.js';

/**
 * Resolves with the answer, or throws NO_WORKER. Ask Temporal something first, which it answers by itself: it takes a worker that died
 * for alive for some minutes, and tells no difference between its own silence and the worker's.
 */
export async function askWorker<T>(client: Client, temporal: TemporalConfig, question: () => Promise<T>): Promise<T> {
  try {
    return await askTemporal(client, temporal.address, question);
  } catch (error) {
    throw isSaidByTemporal(error) ? noWorker(temporal, 'No worker answers of', error) : error;
  }
}
