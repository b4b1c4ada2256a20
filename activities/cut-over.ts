// One batch of the session protocol: hold, quiet, barrier, hand over, commit, or let go. The hold's row is ended in every case.

import type { HandOverScope } from './sessions/mechanism.js';
import type { HoldAcknowledgement } from '../proxy/admin-api.js';
import { commitHold, openHold, releaseHold } from '../state/hold.js';
import { sinceUncleanEndMs } from '../state/proxy-register.js';
import type { Attempt } from './attempt.js';
import { pairOf } from './deps.js';

/** What the hand-over itself may take on top of the budget before any proxy may let the hold go. Chosen: ten times the longest measured. */
const HAND_OVER_MS = 2000;

export type Batch =
  /** Groups move whole or not at all. */
  | { scope: 'keys'; groups: string[][] }
  /** `minAgeMs`: requests in flight that are at least this old are not waited for; null waits for all. */
  | { scope: 'all'; minAgeMs: number | null; limit: number; seal: Seal };

/** `force`: seals whatever is still running or left behind. */
export type Seal = 'no' | 'when-empty' | 'force';

export interface BatchOutcome {
  /** Sessions that are the standby's now. */
  moved: string[];
  sealed: boolean;
  /** Of a sealed primary: sessions that stayed behind. */
  leftBehind: number;
  /** Requests at the primary that were still in flight at the end of the budget. */
  inFlight: number;
}

export async function cutOver(attempt: Attempt, batch: Batch): Promise<BatchOutcome> {
  const { deps, pool, writer, mechanism, proxies } = attempt;
  const pair = pairOf(pool, attempt.row);
  const budgetMs = pool.limits.holdBudgetMs;
  await attempt.guard();
  const groups = batch.scope === 'keys' ? batch.groups : [];
  const keys = groups.flat();
  const holdId = await openHold(deps.database, writer, { scope: batch.scope, keys, deadlineMs: budgetMs + HAND_OVER_MS });
  let handedOver: string[] = [];
  try {
    const acknowledgements = await proxies.hold(holdId, {
      run: writer.run,
      scope: batch.scope,
      keys,
      budgetMs,
      minAgeMs: batch.scope === 'all' ? batch.minAgeMs : null,
      // A mechanism that acts on the whole server asks the server itself which sessions are in a request.
      ignoreUnanswered: mechanism.holds === 'all',
    });
    const { busy, inFlight } = summarise(attempt, acknowledgements);
    const wanted: Seal = batch.scope === 'all' ? batch.seal : 'no';
    if ((wanted === 'when-empty' && inFlight > 0) || (await mayBeQueued(attempt))) {
      await letGo(attempt, holdId, []);
      return { moved: [], sealed: false, leftBehind: 0, inFlight };
    }
    const scope: HandOverScope =
      batch.scope === 'keys'
        ? { held: 'keys', keys: groups.filter((group) => group.every((key) => !busy.has(key))).flat() }
        : { held: 'all', busy, limit: batch.limit };
    handedOver = await mechanism.handOver(pair, scope, attempt);
    const left = wanted === 'no' ? null : await mechanism.remaining(pair, attempt);
    // What is handed over but not yet settled still counts as the primary's.
    const leftBehind = left === null ? busy.size : Math.max(0, left - handedOver.length);
    const seal = wanted === 'force' || (wanted === 'when-empty' && leftBehind === 0);
    if (handedOver.length === 0 && !seal) {
      await letGo(attempt, holdId, []);
      return { moved: [], sealed: false, leftBehind: 0, inFlight };
    }
    const acknowledged = new Set(acknowledgements.map((acknowledgement) => acknowledgement.incarnation));
    const outcome = await commitHold(deps.database, writer, { holdId, moved: handedOver, acknowledged, seal });
    if (outcome !== 'committed') {
      await letGo(attempt, holdId, handedOver);
      return { moved: [], sealed: false, leftBehind: 0, inFlight };
    }
    await proxies.endHold(holdId, { run: writer.run, state: 'committed', moved: handedOver });
    await mechanism.settle(pair, handedOver, attempt);
    return { moved: handedOver, sealed: seal, leftBehind, inFlight };
  } catch (error) {
    await letGo(attempt, holdId, handedOver).catch(() => undefined);
    throw error;
  }
}

/**
 * Ends the row first: what the standby was given may be taken back only once nobody can commit it. A commit whose answer was
 * lost has happened all the same, and then the standby keeps what it has.
 */
async function letGo(attempt: Attempt, holdId: number, handedOver: string[]): Promise<void> {
  const state = await releaseHold(attempt.deps.database, holdId);
  if (state === 'committed') return;
  await attempt.proxies.endHold(holdId, { run: attempt.writer.run, state, moved: [] });
  if (handedOver.length > 0) await attempt.mechanism.retract(pairOf(attempt.pool, attempt.row), handedOver, attempt);
}

function summarise(attempt: Attempt, acknowledgements: HoldAcknowledgement[]): { busy: Set<string>; inFlight: number } {
  const busy = new Set(acknowledgements.flatMap((acknowledgement) => acknowledgement.busy));
  const asksServer = attempt.mechanism.holds === 'all';
  const inFlight = acknowledgements.reduce(
    (sum, acknowledgement) => sum + acknowledgement.inFlight - (asksServer ? acknowledgement.unanswered : 0),
    0,
  );
  return { busy, inFlight };
}

/** A proxy that died may have left requests on their way to the primary: nobody counts them, so their time-out must have passed. */
async function mayBeQueued(attempt: Attempt): Promise<boolean> {
  const sinceMs = await sinceUncleanEndMs(attempt.deps.database, attempt.pool.name);
  return sinceMs !== null && sinceMs < attempt.pool.limits.requestTimeoutMs;
}
