// Step 4 of a fail-over: the standby is the active machine, and every proxy that answers knows.

import { Context } from '@temporalio/activity';
import { failOverPool } from '../../state/pool.js';
import { withAttempt } from '../attempt.js';
import type { ActivityDeps } from '../deps.js';
import { keepOff } from './fence.js';
import type { FailOverPair } from './prepare-standby.js';
import type { Rescued } from './rescue-sessions.js';
import { rescue } from './rescue-sessions.js';

export interface RouteOptions {
  /** As for `rescueSessions`. */
  isFenced: boolean;
  /** An operator has it tried again: attempts of before may have ended the machine, and not have come to its sessions. */
  isRepeated?: boolean;
  /** By an operator's word: sessions that would have to be rescued again are given up. */
  withoutRescue?: boolean;
}

/**
 * Resolves with what was rescued where that had to be done again, for somebody had started the machine meanwhile, or may have; else with null.
 */
export async function route(
  deps: ActivityDeps,
  pool: string,
  { from, to }: FailOverPair,
  { isFenced, isRepeated = false, withoutRescue = false }: RouteOptions,
): Promise<Rescued | null> {
  return withAttempt(deps, pool, async (attempt) => {
    // What somebody has started meanwhile serves, and would go on with what it has in flight. Once roles are swapped it is the standby.
    const wasOff = !isFenced || attempt.row.active !== from || (await keepOff(attempt, from));
    // An attempt before may have ended the machine, and not have come to its sessions.
    const isLater = isRepeated || Context.current().info.attempt > 1;
    const mustRescue = !wasOff || (isFenced && attempt.row.active === from && isLater);
    const again = mustRescue && !withoutRescue ? await rescue(attempt, { from, to }) : null;
    await attempt.guard();
    const { epoch } = await failOverPool(deps.database, attempt.writer, to);
    // A proxy that has died with the machine, or is cut off, must not keep the others: rows decide, and the machine is off.
    await attempt.proxies.someReport(epoch, attempt.signal);
    return again;
  });
}
