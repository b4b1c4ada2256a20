// One batch of the session protocol: hold, quiet, barrier, hand over, commit, or let go. The hold's row is ended in every case.

import type { HoldRequest } from '../proxy/admin-api.js';
import { commitHold, openHold, releaseHold } from '../state/hold.js';
import { readPool } from '../state/pool.js';
import { sinceUncleanEndMs } from '../state/proxy-register.js';
import { lookUpOwners, standbyKeys } from '../state/session-owner.js';
import type { Attempt } from './attempt.js';
import { pairOf } from './deps.js';
import type { Held } from './held.js';
import { hold, holdWithoutStreams } from './held.js';
import { groupsAround, wholeGroups } from './key-groups.js';

/** A pass that would end after its hold has to end before it. Chosen. */
const MARGIN_MS = 200;

export type Batch =
  /** Groups move whole or not at all. */
  | { scope: 'keys'; groups: string[][] }
  /**
   * `pickedUpMs`: requests in flight that are at least this old are not waited for; null waits for all, at most for `budgetMs`.
   * `closesStreams`: as a seal does, whatever else is left.
   */
  | { scope: 'all'; pickedUpMs: number | null; limit: number; seal: Seal; budgetMs?: number; closesStreams?: true };

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
  streamsClosed: number;
}

export async function cutOver(attempt: Attempt, batch: Batch): Promise<BatchOutcome> {
  const { deps, pool, writer, mechanism, proxies } = attempt;
  const pair = pairOf(pool, attempt.row);
  const outcome: BatchOutcome = { moved: [], sealed: false, leftBehind: 0, inFlight: 0, streamsClosed: 0 };
  await attempt.guard();
  const { requestTimeoutMs } = pool.limits;
  // The commit asks again; asked here, nobody is held in vain.
  const endedMs = await sinceUncleanEndMs(deps.database, pool.name);
  if (endedMs !== null && endedMs < requestTimeoutMs) return outcome;
  const groups = batch.scope === 'keys' ? batch.groups : [];
  const wantedSeal = batch.scope === 'all' ? batch.seal : 'no';
  const atStandby = batch.scope === 'all' ? await standbyKeys(deps.database, pool.name) : new Set<string>();
  const request: HoldRequest = {
    run: writer.run,
    scope: batch.scope,
    keys: groups.flat(),
    budgetMs: Math.min(pool.limits.holdBudgetMs, batch.scope === 'all' ? (batch.budgetMs ?? Infinity) : Infinity),
    minAgeMs: batch.scope === 'all' ? batch.pickedUpMs : null,
    // A mechanism that acts on the whole server asks the server itself which sessions are in a request.
    ignoreUnanswered: mechanism.holds === 'all',
  };
  const inBatch = new Set(request.keys);
  const deadlineMs = request.budgetMs + mechanism.handOverMs;
  const endsAt = performance.now() + deadlineMs - MARGIN_MS;
  const holdId = await openHold(deps.database, writer, { scope: batch.scope, keys: request.keys, deadlineMs });
  let handedOver: string[] = [];
  let limit = batch.scope === 'all' ? batch.limit : 0;
  try {
    let held = await hold(attempt, holdId, request);
    if (held !== null && batch.scope === 'all' && held.streams > 0 && (await isUpToStreams(attempt, batch, held, atStandby))) {
      // Inside the hold: their clients come back at once, and must find the standby.
      outcome.streamsClosed = await proxies.closeStreams();
      held = await holdWithoutStreams(attempt, holdId, request, endsAt);
      // What had to wait for the streams goes at once: they shall be closed no second time.
      limit = Infinity;
    }
    outcome.inFlight = held?.inFlight ?? 0;
    if (held === null || (wantedSeal === 'when-empty' && held.inFlight > 0)) {
      await letGo(attempt, holdId, []);
      return outcome;
    }
    const busy = new Set([...held.busy, ...held.streaming]);
    // Requests may have named keys together since the groups were made: only what is whole by now may move.
    const atHold = batch.scope === 'keys' ? await regrouped(attempt, groups, held) : [];
    const saved = await mechanism.handOver(
      pair,
      batch.scope === 'keys'
        ? { held: 'keys', keys: wholeGroups(atHold, (key) => inBatch.has(key) && !busy.has(key)) }
        : {
            held: 'all',
            except: new Set([...busy, ...atStandby]),
            running: held.inFlight + held.unanswered,
            notPickedUp: held.notPickedUp,
            named: held.named,
            streaming: new Set(streamingAt(held, atStandby)),
            limit,
            endsAt,
            force: wantedSeal === 'force',
          },
      attempt,
    );
    if (saved === null) {
      await letGo(attempt, holdId, []);
      return outcome;
    }
    handedOver = saved;
    const ready = new Set(handedOver);
    const around = batch.scope === 'keys' ? atHold : groupsAround(handedOver, held.together, atStandby);
    const moved = wholeGroups(around, (key) => ready.has(key));
    if (wantedSeal !== 'no') outcome.leftBehind = await leftBehind(attempt, new Set([...moved, ...atStandby]), busy);
    const seal = wantedSeal === 'force' || (wantedSeal === 'when-empty' && outcome.leftBehind === 0);
    const isCommitted =
      (moved.length > 0 || seal) &&
      (await commitHold(deps.database, writer, { holdId, moved, acknowledged: held.acknowledged, seal, requestTimeoutMs })) ===
        'committed';
    if (!isCommitted) {
      await letGo(attempt, holdId, handedOver);
      return outcome;
    }
    if (seal) {
      // The end of the last hold alone would send who waits to the primary: the new phase has to be known with it.
      await proxies.allReport((await readPool(deps.database, pool.name)).epoch, attempt.signal);
    } else {
      await proxies.endHold(holdId, { run: writer.run, state: 'committed', moved });
    }
    await mechanism.settle(pair, moved, attempt);
    const isMoved = new Set(moved);
    await retract(
      attempt,
      handedOver.filter((key) => !isMoved.has(key)),
    );
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
async function letGo(attempt: Attempt, holdId: number, handedOver: readonly string[]): Promise<void> {
  const { database } = attempt.deps;
  const state = await releaseHold(database, holdId);
  if (state === 'committed') return;
  await attempt.proxies.endHold(holdId, { run: attempt.writer.run, state, moved: [] });
  await retract(attempt, handedOver);
}

/** Takes back what the standby was given, but for what has become its own: an attempt that was overtaken must not undo its successor. */
async function retract(attempt: Attempt, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  const owned = await lookUpOwners(attempt.deps.database, attempt.pool.name, keys);
  await attempt.mechanism.retract(
    pairOf(attempt.pool, attempt.row),
    keys.filter((key) => !owned.has(key)),
    attempt,
  );
}

/** The groups of a batch with the companions that its keys have at the primary by now, whether or not those are held. */
async function regrouped({ deps, pool }: Attempt, groups: readonly string[][], held: Held): Promise<string[][]> {
  const keys = groups.flat();
  const isHeld = new Set(keys);
  const together = [...groups, ...held.together];
  const grown = groupsAround(keys, together, new Set());
  const companions = grown.flat().filter((key) => !isHeld.has(key));
  if (companions.length === 0) return grown;
  return groupsAround(keys, together, await lookUpOwners(deps.database, pool.name, companions));
}

/** Whether to close the streams now: they end last, when everything can go with them, or where nothing goes before. */
async function isUpToStreams(
  attempt: Attempt,
  { seal, pickedUpMs, closesStreams }: Extract<Batch, { scope: 'all' }>,
  held: Held,
  atStandby: ReadonlySet<string>,
): Promise<boolean> {
  if (seal === 'force') return true;
  if (closesStreams) return (pickedUpMs === null ? held.inFlight : held.notPickedUp) === 0;
  if (seal === 'no' || held.inFlight > 0) return false;
  const remaining = (await attempt.mechanism.remaining(pairOf(attempt.pool, attempt.row), attempt)) ?? held.busy;
  const streaming = streamingAt(held, atStandby);
  const gone = new Set([...atStandby, ...streaming, ...held.named]);
  // A mechanism that acts on the whole server would take sessions with streams, too, so it moves none in use before.
  return [...remaining].every((key) => gone.has(key)) || streaming.some((key) => remaining.has(key));
}

/** Keys with a stream at the primary, and those that name the same sessions. */
function streamingAt({ streaming, together }: Held, atStandby: ReadonlySet<string>): string[] {
  return groupsAround([...streaming], together, atStandby).flat();
}

/**
 * Sessions that the primary still has, without those whose keys are in `gone`; where it cannot tell, those of `busy`.
 * A session of the primary whose key is the standby's is what a request left that nobody was answered: it is not missed.
 */
async function leftBehind(attempt: Attempt, gone: ReadonlySet<string>, busy: ReadonlySet<string>): Promise<number> {
  const remaining = await attempt.mechanism.remaining(pairOf(attempt.pool, attempt.row), attempt);
  return [...(remaining ?? busy)].filter((key) => !gone.has(key)).length;
}
