// How a benchmark ends: everything closed, no stack trace, and exit code 1 unless all went well.

import { onToldToEnd } from '../cli/until-told.js';
import { describeError } from '../config/operator-error.js';
import type { Closing } from '../embedded/closing.js';

/** Runs `work`, which resolves with whether nothing failed and nothing was lost. */
export async function runBench(closing: Closing, work: () => Promise<boolean>): Promise<void> {
  process.exitCode = 1;
  onToldToEnd(() => {
    console.error('Ending on request.');
    void closing
      .close()
      .catch((error: unknown) => console.error(describeError(error)))
      .finally(() => process.exit());
  });
  try {
    const good = await work().finally(() => closing.close());
    if (good) process.exitCode = 0;
    else console.error('Something failed or was lost.');
  } catch (error) {
    console.error(describeError(error));
  }
}
