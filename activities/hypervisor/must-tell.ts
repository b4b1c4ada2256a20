// Before any restart: a guest that is to tell its boot id tells it.

import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../../config/operator-error.js';
import { within } from '../../config/within.js';
import type { BootIdReader } from './boot-id.js';

/** A busy guest may miss one question. Chosen: a check is for a person who waits. */
const LIMIT_MS = 10_000;
const POLL_MS = 500;

/** Throws BOOT_ID_UNKNOWN when the guest has not told it in time. */
export async function mustTell(machine: string, readBootId: BootIdReader, signal: AbortSignal): Promise<void> {
  let why: unknown;
  const untilTold = async (limited: AbortSignal): Promise<void> => {
    for (;;) {
      try {
        await readBootId(limited);
        return;
      } catch (error) {
        limited.throwIfAborted();
        why = error;
        await sleep(POLL_MS, undefined, { signal: limited });
      }
    }
  };
  await within(LIMIT_MS, signal, untilTold).catch((error: unknown) => {
    signal.throwIfAborted();
    throw isSilent(machine, why ?? error);
  });
}

/** A restart would have to wait for it, and then switch the machine off and on. */
function isSilent(machine: string, why: unknown): OperatorError {
  return new OperatorError(
    'BOOT_ID_UNKNOWN',
    `The guest of machine ${machine} does not tell its boot id (${why instanceof Error ? why.message : String(why)}).`,
    'Let it run what driver.incarnation names, or name another way there; docs/hypervisors.md compares them.',
    { cause: why },
  );
}
