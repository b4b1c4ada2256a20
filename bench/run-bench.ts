// How a benchmark ends: everything closed, no stack trace, and exit code 1 unless all went well.

import { setMaxListeners } from 'node:events';
import { onToldToEnd } from '../cli/until-told.js';
import { describeError } from '../config/operator-error.js';
import type { Closing } from '../embedded/closing.js';

/** Runs `work`, which resolves with whether nothing failed and nothing was lost. A signal aborts it, and everything is closed. */
export async function runBench(closing: Closing, work: (signal: AbortSignal) => Promise<boolean>): Promise<void> {
  process.exitCode = 1;
  const end = new AbortController();
  // Whatever a benchmark waits for listens to it.
  setMaxListeners(0, end.signal);
  const told = new Promise<never>((_, reject) =>
    onToldToEnd(() => {
      end.abort();
      reject(new Error('Ended on request.'));
    }, 'what was started to end'),
  );
  try {
    const good = await Promise.race([work(end.signal), told]).finally(() => closing.close());
    if (good) process.exitCode = 0;
    else console.error('Something failed or was lost.');
  } catch (error) {
    console.error(describeError(error));
  }
  // What was interrupted may still wait for something.
  if (end.signal.aborted) process.exit();
}
