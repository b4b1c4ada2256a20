// Step 3 of a fail-over: what the machine that has failed had stored of its sessions is the standby's.

import { latestSample } from '../../state/sample.js';
import type { Attempt } from '../attempt.js';
import { withAttempt } from '../attempt.js';
import type { ActivityDeps } from '../deps.js';
import { machineNamed } from '../deps.js';
import { keepOff } from './fence.js';
import type { FailOverPair } from './prepare-standby.js';

export interface Rescued {
  /** Sessions that the standby can load, as they were stored last; null where they are in a store of both machines. */
  saved: number | null;
  /** Of those that the machine was last seen to have, how many are not; null where nobody has counted them. */
  lost: number | null;
}

/** `isFenced`: not by an operator's word alone. */
export async function rescueSessions(
  deps: ActivityDeps,
  pool: string,
  { from, to }: FailOverPair,
  isFenced: boolean,
): Promise<Rescued> {
  return withAttempt(deps, pool, async (attempt) => {
    // Hours may have passed, in which somebody has started it.
    if (isFenced) await keepOff(attempt, from);
    return rescue(attempt, { from, to });
  });
}

/** What is stored is copied, so it may be done again. */
export async function rescue(attempt: Attempt, { from, to }: FailOverPair): Promise<Rescued> {
  const { deps, pool, mechanism } = attempt;
  const saved = await mechanism.rescue({ primary: machineNamed(pool, from), standby: machineNamed(pool, to) }, attempt);
  if (saved === null) return { saved, lost: 0 };
  const seen = await latestSample(deps.database, pool.name, from, 'sessions');
  return { saved, lost: seen === null ? null : Math.max(0, seen.value - saved) };
}
