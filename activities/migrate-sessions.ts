// Step 3: only busy sessions, or sessions nobody can name, are left on the primary.

import { setTimeout as sleep } from 'node:timers/promises';
import { standbyKeys } from '../state/session-owner.js';
import type { Attempt } from './attempt.js';
import { withAttempt } from './attempt.js';
import { cutOver } from './cut-over.js';
import { batchGroups, groupsAround } from './key-groups.js';
import type { ActivityDeps } from './deps.js';
import { pairOf } from './deps.js';
import { streamingKeys } from './streaming.js';

/** Between two holds traffic flows, so that nobody meets one hold after another. Chosen. */
const PAUSE_MS = 40;
/** Rounds without a session moved after which only busy ones are left. Chosen. */
const IDLE_ROUNDS = 3;
/** Rounds in a row that moved no more than a few: clients that bring ever new ids must not keep the step from its end. Chosen. */
const SMALL_ROUNDS = 1000;
/** A slow request would make everybody wait in vain: the next try comes soon. Chosen after measurement. */
const HOT_BUDGET_MS = 30;
/** Hot sessions in one hold of the whole server: the standby loads them all at once afterwards. Chosen after measurement. */
const HOT_LIMIT = 10;

export interface Migration {
  moved: number;
}

export async function migrateSessions(deps: ActivityDeps, pool: string): Promise<Migration> {
  return withAttempt(deps, pool, async (attempt) => {
    const { mechanism, row } = attempt;
    if (mechanism.holds === 'none' || row.phase !== 'moving') return { moved: (await standbyKeys(deps.database, pool)).size };
    await mechanism.begin(pairOf(attempt.pool, row), () => standbyKeys(deps.database, pool), attempt);
    await moveWhatIsQuiet(attempt);
    return { moved: (await standbyKeys(deps.database, pool)).size };
  });
}

interface Round {
  moved: number;
  /** Streams keep sessions from moving that have none themselves, and nothing else does. */
  streamsInTheWay: boolean;
}

/** Idle sessions first, then hot ones in small batches, until several rounds have moved nothing. Resolves with whether streams were in the way of more. */
export async function moveWhatIsQuiet(attempt: Attempt): Promise<Pick<Round, 'streamsInTheWay'>> {
  let total = 0;
  let streamsInTheWay = false;
  for (let idleRounds = 0, smallRounds = 0; idleRounds < IDLE_ROUNDS && smallRounds < SMALL_ROUNDS;) {
    const round = await moveRound(attempt);
    const { moved } = round;
    ({ streamsInTheWay } = round);
    idleRounds = moved === 0 ? idleRounds + 1 : 0;
    smallRounds = moved <= HOT_LIMIT ? smallRounds + 1 : 0;
    total += moved;
    attempt.progress({ moved: total });
    if (idleRounds < IDLE_ROUNDS) await sleep(PAUSE_MS, undefined, { signal: attempt.signal });
  }
  return { streamsInTheWay };
}

async function moveRound(attempt: Attempt): Promise<Round> {
  const { groups, streamsInTheWay } =
    attempt.mechanism.holds === 'keys' ? await groupsOnPrimary(attempt) : await idleGroups(attempt);
  const moved = await moveNamed(attempt, groups);
  // Sessions in use wait until the streams are closed.
  return { moved: streamsInTheWay ? moved : moved + (await moveHot(attempt)), streamsInTheWay };
}

/**
 * Closes the streams without which the rest can move; how many. Where the server has the sessions that takes a hold, in which all go
 * whose requests have ended: their clients come back at once, and would be in the way again.
 */
export async function closeStreamsInTheWay(attempt: Attempt): Promise<number> {
  const { mechanism, proxies } = attempt;
  await attempt.guard();
  if (mechanism.holds === 'keys') return proxies.closeStreams();
  const { pickedUpMs } = mechanism;
  const batch = { scope: 'all', pickedUpMs, limit: 0, seal: 'no', closesStreams: true } as const;
  return (await cutOver(attempt, batch)).streamsClosed;
}

async function moveNamed(attempt: Attempt, groups: readonly string[][]): Promise<number> {
  let moved = 0;
  for (const batch of batchGroups(groups, attempt.pool.limits.batchSize)) {
    moved += (await cutOver(attempt, { scope: 'keys', groups: batch })).moved.length;
    attempt.progress({ moved, of: groups.length });
  }
  return moved;
}

async function moveHot(attempt: Attempt): Promise<number> {
  const { holds, pickedUpMs } = attempt.mechanism;
  if (holds !== 'all') return 0;
  const batch = { scope: 'all', pickedUpMs, limit: HOT_LIMIT, seal: 'no', budgetMs: HOT_BUDGET_MS } as const;
  return (await cutOver(attempt, batch)).moved.length;
}

async function idleGroups(attempt: Attempt): Promise<{ groups: string[][] } & Pick<Round, 'streamsInTheWay'>> {
  await attempt.guard();
  const { mechanism, proxies } = attempt;
  const pair = pairOf(attempt.pool, attempt.row);
  const { keys, haveStreams } = await mechanism.prepareIdle(pair, () => streamingKeys(proxies), attempt);
  const { together, atStandby } = await seenOnPrimary(attempt);
  return { groups: groupsAround(keys, together, atStandby), streamsInTheWay: haveStreams };
}

async function groupsOnPrimary(attempt: Attempt): Promise<{ groups: string[][] } & Pick<Round, 'streamsInTheWay'>> {
  const { keys, together, older, olderStreams, atStandby } = await seenOnPrimary(attempt);
  // A request or stream from before the move may execute in a session that has another id by now, and nothing asks the server which.
  const groups = older + olderStreams > 0 ? [] : groupsAround(keys, together, atStandby);
  return { groups, streamsInTheWay: older === 0 && olderStreams > 0 };
}

/** What the proxies have seen of sessions that are not the standby's. */
async function seenOnPrimary(
  attempt: Attempt,
): Promise<{ keys: string[]; together: string[][]; older: number; olderStreams: number; atStandby: ReadonlySet<string> }> {
  const seen = await attempt.proxies.seenKeys();
  const atStandby = await standbyKeys(attempt.deps.database, attempt.pool.name);
  return {
    keys: [...new Set(seen.flatMap((one) => one.keys))].filter((key) => !atStandby.has(key)),
    together: seen.flatMap((one) => one.together),
    older: seen.reduce((sum, one) => sum + (one.older ?? 0), 0),
    olderStreams: seen.reduce((sum, one) => sum + (one.olderStreams ?? 0), 0),
    atStandby,
  };
}
