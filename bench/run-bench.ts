// How a benchmark ends: everything closed, no stack trace, and exit code 1 unless all went well.

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { onToldToEnd } from '../cli/until-told.js';
import { describeError } from '../config/operator-error.js';
import type { Closing } from '../embedded/closing.js';

/** What was interrupted has so long to end by itself. Longer than any pause between two looks at the signal. */
const PATIENCE_MS = 15_000;

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
    const working = work(end.signal);
    const good = await Promise.race([working, told]).finally(async () => {
      // What it is about to start would outlive what is closed now; what it has asked for would be answered by nobody.
      if (end.signal.aborted) await Promise.race([working.catch(() => undefined), sleep(PATIENCE_MS, undefined, { ref: false })]);
      await closing.close();
    });
    if (good) process.exitCode = 0;
    else console.error('Something failed or was lost.');
  } catch (error) {
    console.error(describeError(error));
  }
  // What was interrupted may still wait for something.
  if (end.signal.aborted) process.exit();
}
