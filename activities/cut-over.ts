// One batch of the session protocol: hold, quiet, barrier, hand over, commit, or let go. The hold's row is ended in every case.

import type { HoldAcknowledgement } from '../proxy/admin-api.js';
import { commitHold, openHold, releaseHold } from '../state/hold.js';
import { sinceUncleanEndMs } from '../state/proxy-register.js';
import { standbyKeys } from '../state/session-owner.js';
import type { Attempt } from './attempt.js';
import { pairOf } from './deps.js';
import { groupsAround } from './key-groups.js';

/** What the hand-over itself may take on top of the budget before any proxy may let the hold go. Chosen: ten times the longest measured. */
const HAND_OVER_MS = 2000;

export type Batch =
  /** Groups move whole or not at all. */
  | { scope: 'keys'; groups: string[][] }
  /** `pickedUpMs`: requests in flight that are at least this old are not waited for; null waits for all. */
  | { scope: 'all'; pickedUpMs: number | null; limit: number; seal: Seal };

/** `force`: seals whatever is still running or left behind. */
export type Seal = 'no' | 'when-empty' | 'force';

export interface BatchOutcome {
  /** Sessions that are the standby's now. */
  moved: string[];
  sealed: boolean;
  /** Sessions that stayed behind, as far as anybody can tell; counted only where a seal was wanted. */
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
  const wantedSeal = batch.scope === 'all' ? batch.seal : 'no';
  const atStandby = batch.scope === 'all' ? await standbyKeys(deps.database, pool.name) : new Set<string>();
  const holdId = await openHold(deps.database, writer, { scope: batch.scope, keys, deadlineMs: budgetMs + HAND_OVER_MS });
  let handedOver: string[] = [];
  try {
    const acknowledgements = await proxies.hold(holdId, {
      run: writer.run,
      scope: batch.scope,
      keys,
      budgetMs,
      minAgeMs: batch.scope === 'all' ? batch.pickedUpMs : null,
      // A mechanism that acts on the whole server asks the server itself which sessions are in a request.
      ignoreUnanswered: mechanism.holds === 'all',
    });
    const { busy, inFlight, together } = summarise(attempt, acknowledgements);
    const outcome: BatchOutcome = { moved: [], sealed: false, leftBehind: 0, inFlight };
    if ((wantedSeal === 'when-empty' && inFlight > 0) || (await mayBeQueued(attempt))) {
      await letGo(attempt, holdId, []);
      return outcome;
    }
    handedOver = await mechanism.handOver(
      pair,
      batch.scope === 'keys'
        ? { held: 'keys', keys: groups.filter((group) => group.every((key) => !busy.has(key))).flat() }
        : { held: 'all', except: new Set([...busy, ...atStandby]), inFlight, named: together.flat(), limit: batch.limit },
      attempt,
    );
    const around = batch.scope === 'keys' ? groups : groupsAround(handedOver, together, atStandby);
    const ready = new Set(handedOver);
    const moved = around.filter((group) => group.every((key) => ready.has(key))).flat();
    if (wantedSeal !== 'no') outcome.leftBehind = await leftBehind(attempt, new Set([...moved, ...atStandby]), busy);
    const seal = wantedSeal === 'force' || (wantedSeal === 'when-empty' && outcome.leftBehind === 0);
    const acknowledged = new Set(acknowledgements.map((acknowledgement) => acknowledgement.incarnation));
    const isCommitted =
      (moved.length > 0 || seal) &&
      (await commitHold(deps.database, writer, { holdId, moved, acknowledged, seal })) === 'committed';
    if (!isCommitted) {
      await letGo(attempt, holdId, handedOver);
      return outcome;
    }
    await proxies.endHold(holdId, { run: writer.run, state: 'committed', moved });
    await mechanism.settle(pair, moved, attempt);
    const parted = handedOver.filter((key) => !moved.includes(key));
    if (parted.length > 0) await mechanism.retract(pair, parted, attempt);
    return { ...outcome, moved, sealed: seal };
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

function summarise(
  { mechanism }: Attempt,
  acknowledgements: readonly HoldAcknowledgement[],
): { busy: Set<string>; inFlight: number; together: string[][] } {
  const asksServer = mechanism.holds === 'all';
  return {
    busy: new Set(acknowledgements.flatMap((acknowledgement) => acknowledgement.busy)),
    inFlight: acknowledgements.reduce(
      (sum, acknowledgement) => sum + acknowledgement.inFlight - (asksServer ? acknowledgement.unanswered : 0),
      0,
    ),
    together: acknowledgements.flatMap((acknowledgement) => acknowledgement.together),
  };
}

/**
 * Sessions that the primary still has, without those whose keys are in `gone`; where it cannot tell, those of `busy`.
 * A session of the primary whose key is the standby's is what a request left that nobody was answered: it is not missed.
 */
export async function leftBehind(attempt: Attempt, gone: ReadonlySet<string>, busy: ReadonlySet<string>): Promise<number> {
  const remaining = await attempt.mechanism.remaining(pairOf(attempt.pool, attempt.row), attempt);
  return [...(remaining ?? busy)].filter((key) => !gone.has(key)).length;
}

/** A proxy that died may have left requests on their way to the primary: nobody counts them, so their time-out must have passed. */
async function mayBeQueued(attempt: Attempt): Promise<boolean> {
  const sinceMs = await sinceUncleanEndMs(attempt.deps.database, attempt.pool.name);
  return sinceMs !== null && sinceMs < attempt.pool.limits.requestTimeoutMs;
}
