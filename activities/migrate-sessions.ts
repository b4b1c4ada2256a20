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

/** Idle sessions first, then hot ones in small batches, until several rounds have moved nothing. */
export async function moveWhatIsQuiet(attempt: Attempt): Promise<void> {
  let total = 0;
  for (let idleRounds = 0, smallRounds = 0; idleRounds < IDLE_ROUNDS && smallRounds < SMALL_ROUNDS;) {
    const moved = await moveRound(attempt);
    idleRounds = moved === 0 ? idleRounds + 1 : 0;
    smallRounds = moved <= HOT_LIMIT ? smallRounds + 1 : 0;
    total += moved;
    attempt.progress({ moved: total });
    if (idleRounds < IDLE_ROUNDS) await sleep(PAUSE_MS, undefined, { signal: attempt.signal });
  }
}

async function moveRound(attempt: Attempt): Promise<number> {
  if (attempt.mechanism.holds === 'keys') return moveNamed(attempt, await groupsOnPrimary(attempt));
  const { groups, haveStreams } = await idleGroups(attempt);
  const moved = await moveNamed(attempt, groups);
  // Those in use wait for the seal, which closes the streams.
  return haveStreams ? moved : moved + (await moveHot(attempt));
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

async function idleGroups(attempt: Attempt): Promise<{ groups: string[][]; haveStreams: boolean }> {
  await attempt.guard();
  const { mechanism, proxies } = attempt;
  const pair = pairOf(attempt.pool, attempt.row);
  const { keys, haveStreams } = await mechanism.prepareIdle(pair, () => streamingKeys(proxies), attempt);
  const { together, atStandby } = await seenOnPrimary(attempt);
  return { groups: groupsAround(keys, together, atStandby), haveStreams };
}

async function groupsOnPrimary(attempt: Attempt): Promise<string[][]> {
  const { keys, together, older, atStandby } = await seenOnPrimary(attempt);
  // A request or stream from before the move may execute in a session that has another id by now, and nothing asks the server which.
  if (older > 0) return [];
  return groupsAround(keys, together, atStandby);
}

/** What the proxies have seen of sessions that are not the standby's. */
async function seenOnPrimary(
  attempt: Attempt,
): Promise<{ keys: string[]; together: string[][]; older: number; atStandby: ReadonlySet<string> }> {
  const seen = await attempt.proxies.seenKeys();
  const atStandby = await standbyKeys(attempt.deps.database, attempt.pool.name);
  return {
    keys: [...new Set(seen.flatMap((one) => one.keys))].filter((key) => !atStandby.has(key)),
    together: seen.flatMap((one) => one.together),
    older: seen.reduce((sum, one) => sum + (one.older ?? 0), 0),
    atStandby,
  };
}
