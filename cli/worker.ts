// vm-rejuv worker

import { loadConfig } from '../config/load.js';
import { startWorker } from '../worker/start-worker.js';
import { OF_UP } from './connections.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { untilToldToEnd } from './until-told.js';

/** Runs a worker until it is told to end. */
export async function runWorker(options: OutputOptions & { config: string }): Promise<void> {
  const worker = await startWorker(loadConfig(options.config, process.env, { proxy: 'elsewhere', orElse: OF_UP }));
  print(options, 'Worker ready', { ready: true });
  await Promise.race([untilToldToEnd('running steps, 5 s at most'), worker.done]);
  await worker.close();
}
