// Step 5: the primary runs in a new incarnation and is ready. Which one it had is in the workflow's history before anything happens.

import { setTimeout as sleep } from 'node:timers/promises';
import { readPool } from '../state/pool.js';
import { OperatorError } from '../config/operator-error.js';
import type { MachineConfig } from '../config/types.js';
import { within } from '../config/within.js';
import type { Attempt } from './attempt.js';
import { currentRun, withAttempt } from './attempt.js';
import type { ActivityDeps } from './deps.js';
import { pairOf } from './deps.js';
import { untilHealthy } from './health.js';
import type { MachineStatus, OperationOptions } from './hypervisor/driver.js';
import { hasBooted, isMissing } from './hypervisor/incarnation.js';
import { restartInTime } from './hypervisor/in-time.js';

/** Chosen: some 20 ms are usual. */
const MEMORY_LIMIT_MS = 5000;
/** Of a machine that could be better off with what it had before. */
const NOT_UP = new Set(['MACHINE_NOT_READY', 'MACHINE_NOT_STARTED']);

/** A busy guest may miss some questions for its boot id. Chosen. */
const BOOT_ID_LIMIT_MS = 10_000;
const BOOT_ID_POLL_MS = 500;

/** The primary's incarnation before its restart, or null when it is off. Asks, changes nothing. */
export async function observePrimary(deps: ActivityDeps, pool: string): Promise<string | null> {
  return withAttempt(deps, pool, async (attempt) => {
    const { primary } = pairOf(attempt.pool, attempt.row);
    const deadline = performance.now() + BOOT_ID_LIMIT_MS;
    let status = await attempt.driver.status(primary.name, attempt);
    // Without it the machine could only be switched off and on.
    while (status.incarnation !== null && isMissing(status.incarnation) && performance.now() < deadline) {
      await sleep(BOOT_ID_POLL_MS, undefined, { signal: attempt.signal });
      status = await attempt.driver.status(primary.name, attempt);
    }
    if (status.power === 'unknown') {
      throw new OperatorError(
        'MACHINE_STATE_UNKNOWN',
        `The hypervisor cannot tell whether ${attempt.row.active} runs.`,
        'Look at the hypervisor.',
        {
          retryable: true,
        },
      );
    }
    return status.incarnation;
  });
}

function notDone(machine: string, what: string): OperatorError {
  return new OperatorError('MACHINE_NOT_RESTARTED', `The hypervisor of machine ${machine} ${what}.`, 'Look at the hypervisor.', {
    retryable: true,
  });
}

/** What machines occupy of their hosts' memory; null where nobody tells. */
export interface RestartMemory {
  /** The primary, aged; null as well when an attempt of before has restarted it. */
  before: number | null;
  /** The primary, as soon as it is ready. */
  after: number | null;
  /** The standby, which serves by then. */
  standby: number | null;
}

export interface RestartedPrimary {
  memoryBytes: RestartMemory;
  /** There when it did not get ready from a fresh disk, and runs from the one of before. */
  rolledBack?: true;
}

export async function restartPrimary(deps: ActivityDeps, pool: string, expect: string | null): Promise<RestartedPrimary> {
  return withAttempt(deps, pool, async (attempt) => {
    const { guard } = attempt;
    const { primary, standby } = pairOf(attempt.pool, attempt.row);
    // Only a sealed pool sends nothing to its primary.
    const { phase } = await readPool(deps.database, pool);
    if (phase !== 'sealed') {
      throw new OperatorError(
        'NOT_SEALED',
        `Pool ${pool} is ${phase}: its primary still serves.`,
        `After the drain: vm-rejuv retry ${pool}`,
      );
    }
    const before = await memoryOf(attempt, primary.name, expect);
    await guard();
    const rolledBack = await bringUp(attempt, primary, expect);
    const after = await memoryOf(attempt, primary.name);
    const memoryBytes = { before, after, standby: await memoryOf(attempt, standby.name) };
    return { memoryBytes, ...(rolledBack && { rolledBack }) };
  });
}

/** Until it is ready. Whether it is so only by going back to what it was before the restart. */
async function bringUp(attempt: Attempt, primary: MachineConfig, expect: string | null): Promise<boolean> {
  const { driver, signal } = attempt;
  const { health } = attempt.pool;
  const named = { restart: currentRun() };
  const ask = (work: (options: OperationOptions) => Promise<MachineStatus | null>): Promise<MachineStatus | null> =>
    restartInTime(primary, attempt, work, (limit) => notDone(primary.name, `has not restarted it ${limit}`));
  try {
    const now = await ask((options) =>
      expect === null ? driver.start(primary.name, options) : driver.restart(primary.name, { ...options, ...named, expect }),
    );
    // Some accept what they then do not do.
    const booted = expect === null || now?.incarnation == null || hasBooted(expect, now.incarnation);
    if (booted === false) throw notDone(primary.name, 'says that it has restarted it, and it runs as before');
    await untilHealthy(primary, health, attempt);
    await driver.keep(primary.name, attempt);
    return now?.rolledBack === true;
  } catch (error) {
    signal.throwIfAborted();
    if (expect === null || !(error instanceof OperatorError) || !NOT_UP.has(error.code)) throw error;
    if ((await ask((options) => driver.rollBack(primary.name, { ...options, ...named, expect }))) === null) throw error;
    await untilHealthy(primary, health, attempt);
    return true;
  }
}

/** For people: whatever keeps it from being told must not keep the pool. With an incarnation, null of any other. */
async function memoryOf({ driver, signal }: Attempt, machine: string, incarnation?: string | null): Promise<number | null> {
  const asked = within(MEMORY_LIMIT_MS, signal, async (limited) => {
    const options = { signal: limited };
    if (incarnation !== undefined && (await driver.status(machine, options)).incarnation !== incarnation) return null;
    return driver.memoryBytes(machine, options);
  });
  const bytes = await asked.catch(() => null);
  signal.throwIfAborted();
  return bytes;
}
