// The end of a batch that is not committed: its hold is let go in its row, and what the standby was given is taken back.

import * as handOver from './hand-over.js';
import { end } from './proxy-news.js';
import * as rows from './rows.js';
import type { Action, Model } from './rules.js';
import type { Attempt, Batch, Proxy, World } from './world.js';
import { mayAct } from './world.js';

/** Names an action of an attempt with its batch. */
export type BatchAct = (name: string, apply: (world: World, attempt: Attempt, batch: Batch) => void) => Action;

/** Ends the row first: what was given may be taken back only once nobody can commit it. */
export function letGo(model: Model) {
  return (world: World, attempt: Attempt, batch: Batch): void => {
    const state = rows.releaseHold(world.rows, batch.holdId);
    if (state === 'committed' && model.rules.takesBackByRows) return endBatch(attempt);
    attempt.at = 'look-owners';
  };
}

/** Only a mutant tells the proxies before the row says so. */
export function tellFirst(model: Model, world: World, { holdId }: Batch, act: BatchAct): Action[] {
  if (model.rules.rowBeforeMessage) return [];
  return world.proxies.flatMap(({ incarnation, routing }, index) => {
    const { run } = routing.holds.get(holdId) ?? {};
    if (run === undefined) return [];
    return [
      act(`tells ${incarnation} that hold ${holdId} is released, before its row is`, (next) =>
        end(model, next, next.proxies[index] as Proxy, holdId, run, []),
      ),
    ];
  });
}

/** What has become the standby's by its rows is not taken back. */
export function lookOwners(model: Model) {
  return (world: World, attempt: Attempt, batch: Batch): void => {
    const own = model.rules.takesBackByRows ? rows.lookUpOwners(world.rows, batch.given) : new Set();
    batch.given = batch.given.filter((key) => !own.has(key));
    if (batch.given.length === 0) endBatch(attempt);
    else attempt.at = 'take-back';
  };
}

/** The standby must not see any more what it was given. */
export function takeBack(model: Model) {
  return (world: World, attempt: Attempt, batch: Batch): void => {
    if (model.rules.takesBackFenced && !mayAct(world, attempt)) return;
    handOver.takeBack(model, world, attempt, batch.given);
    endBatch(attempt);
  };
}

function endBatch(attempt: Attempt): void {
  if (attempt.batch?.lateCommit !== true) attempt.batch = null;
  attempt.at = attempt.isFailing ? 'ended' : 'idle';
}
