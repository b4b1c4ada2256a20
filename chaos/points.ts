// The moments of a step at which something is broken: before, in the middle of and after its effect.

import { setTimeout as sleep } from 'node:timers/promises';
import { probe } from '../activities/health.js';
import { isIn, whileRunning } from '../demo/while-running.js';
import { TimeLimitError, within } from '../config/within.js';
import { readPool } from '../state/pool.js';
import type { RunHandle } from '../worker/temporal-client.js';
import type { Stage } from './stage.js';
import type { Step } from './procedure.js';
import { storedSessions } from './sessions-at.js';

/**
 * `before`: as soon as Temporal says that the step runs. `during`: at the first trace of its effect, or a little later.
 * `after`: its effect is there, and its answer has not reached Temporal.
 */
export const POINTS = ['before', 'during', 'after'] as const;
export type Point = (typeof POINTS)[number];

export interface Moment {
  step: Step;
  point: Point;
}

/** What these do is done at once: there is no middle of it. */
const INSTANT: readonly Step[] = ['rescueSessions', 'route'];

export function pointsOf(step: Step): readonly Point[] {
  return INSTANT.includes(step) ? ['before', 'after'] : POINTS;
}

const POLL_MS = 5;
/** A moment that has not come by then does not come. */
const REACH_MS = 60_000;
/** Half of what Temporal waits for a silent worker. */
const KILL_MARGIN_MS = 1500;

interface Traces {
  /** Its effect has begun. */
  begun: (stage: Stage, before: Before) => Promise<boolean>;
  /** Its effect is there. */
  there: (stage: Stage, before: Before) => Promise<boolean>;
  /** It takes longer than Temporal waits for a silent worker: who is to be silenced after its effect is so only once this is true, and not from its beginning. */
  isNear?: (stage: Stage, before: Before) => Promise<boolean>;
}

/** What the stage looked like before the moment. */
interface Before {
  primary: string;
  incarnation: string | null;
  holds: number;
  /** When the step was seen to run (performance.now). */
  since: number;
}

/** A hanging process that is told to end is killed after `stopTimeoutMs`: shortly before. */
const isAboutToBeKilled = ({ installation }: Stage, { primary, since }: Before): Promise<boolean> => {
  const driver = installation.pool.machines.find(({ name }) => name === primary)?.driver;
  return Promise.resolve(performance.now() - since > (driver?.stopTimeoutMs ?? 0) - KILL_MARGIN_MS);
};
const phase = async ({ database, pool }: Stage): Promise<string> => (await readPool(database, pool)).phase;
const isHealthy = async ({ installation }: Stage, name: string): Promise<boolean> => {
  const { machines, health } = installation.pool;
  const machine = machines.find((candidate) => candidate.name === name);
  return machine !== undefined && (await probe(machine, health)) === null;
};
const incarnationOf = async ({ driver }: Stage, name: string): Promise<string | null> =>
  (await driver.status(name, { signal: AbortSignal.timeout(5000) })).incarnation;
const holdsOf = async ({ database, pool }: Stage, state: string): Promise<number> =>
  (
    await database.query<{ count: number }>('select count(*)::int as count from hold where pool = $1 and state = $2', [
      pool,
      state,
    ])
  ).rows[0]?.count ?? 0;

const isOn = async ({ driver }: Stage, name: string): Promise<boolean> =>
  (await driver.status(name, { signal: AbortSignal.timeout(5000) })).power === 'on';
/** With a shared store there is nothing to see. */
const isRescued = async (stage: Stage): Promise<boolean> => {
  const { standby } = await readPool(stage.database, stage.pool);
  const stored = await storedSessions(stage.installation.pool, standby);
  return stored === null || stored > 0;
};
const isRouted = async (stage: Stage, { primary }: Before): Promise<boolean> =>
  (await readPool(stage.database, stage.pool)).active !== primary;

const hasHolds = async (stage: Stage): Promise<boolean> =>
  (await holdsOf(stage, 'held')) + (await holdsOf(stage, 'committed')) > 0;

const TRACES: Record<Step, Traces> = {
  bootStandby: {
    begun: async ({ database, pool }) => (await readPool(database, pool)).run !== null,
    there: async (stage) => {
      const { run, standby } = await readPool(stage.database, stage.pool);
      return run !== null && (await isHealthy(stage, standby));
    },
  },
  redirectTraffic: {
    begun: async (stage) => (await phase(stage)) !== 'steady',
    there: async (stage) => (await phase(stage)) === 'moving',
  },
  migrateSessions: {
    begun: hasHolds,
    there: async (stage) => (await holdsOf(stage, 'committed')) > 0 && (await isQuiet(stage)),
    isNear: hasHolds,
  },
  awaitDrain: {
    begun: async (stage, { holds }) => (await holdsOf(stage, 'held')) > 0 || (await holdsOf(stage, 'committed')) > holds,
    there: async (stage) => (await phase(stage)) === 'sealed',
  },
  restartPrimary: {
    begun: async (stage, { primary, incarnation }) => (await incarnationOf(stage, primary)) !== incarnation,
    there: async (stage, { primary, incarnation }) => {
      const now = await incarnationOf(stage, primary);
      return now !== null && now !== incarnation && (await isHealthy(stage, primary));
    },
  },
  swapRoles: {
    begun: async (stage) => (await phase(stage)) === 'sealed',
    there: async (stage) => (await phase(stage)) === 'steady',
  },
  prepareStandby: {
    begun: async ({ database, pool }) => (await readPool(database, pool)).run !== null,
    there: async (stage) => {
      const { run, standby } = await readPool(stage.database, stage.pool);
      return run !== null && (await isHealthy(stage, standby));
    },
  },
  fence: {
    // It has been asked to end, and does not.
    begun: () => Promise.resolve(true),
    there: async (stage, { primary }) => !(await isOn(stage, primary)),
    isNear: isAboutToBeKilled,
  },
  rescueSessions: { begun: isRescued, there: isRescued },
  route: { begun: isRouted, there: isRouted },
  bringBack: {
    begun: (stage, { primary }) => isOn(stage, primary),
    there: (stage, { primary }) => isHealthy(stage, primary),
  },
};

/** No batch has been committed for a while: what could move has moved. */
async function isQuiet(stage: Stage): Promise<boolean> {
  const before = await holdsOf(stage, 'committed');
  await sleep(300);
  return (await holdsOf(stage, 'committed')) === before;
}

/** Waits for the moment in a restart and calls `act` in it; resolves with whether it came. */
export async function atMoment(
  stage: Stage,
  handle: RunHandle,
  moment: Moment,
  jitterMs: number,
  act: () => Promise<void>,
): Promise<boolean> {
  try {
    const isReached = await within(REACH_MS, stage.options.signal, (signal) =>
      reach(stage, handle, moment, jitterMs, signal),
    ).catch((error: unknown) => {
      if (error instanceof TimeLimitError) return false;
      throw error;
    });
    if (isReached) await act();
    return isReached;
  } finally {
    if (moment.point === 'after') stage.workerToTemporal.open();
  }
}

async function reach(
  stage: Stage,
  handle: RunHandle,
  { step, point }: Moment,
  jitterMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { active: primary } = await readPool(stage.database, stage.pool);
  const before = { primary, incarnation: await incarnationOf(stage, primary), holds: 0, since: 0 };
  const { begun, there, isNear } = TRACES[step];
  const until = async (trace: Traces['begun']): Promise<void> => {
    while (!(await trace(stage, before))) await sleep(POLL_MS, undefined, { signal });
  };
  const silence = (): void => stage.workerToTemporal.silence();
  const isRunning = await whileRunning(step, handle, () => point === 'after' && isNear === undefined && silence(), signal);
  if (!isRunning) return false;
  if (point === 'before') return true;
  before.holds = await holdsOf(stage, 'committed');
  before.since = performance.now();
  if (point === 'during') {
    await until(begun);
    await sleep(jitterMs, undefined, { signal });
  } else {
    if (isNear !== undefined) {
      await until(isNear);
      silence();
    }
    await until(there);
  }
  return isIn(step, await handle.describe());
}
