// What of a hold can be handed over: quiet at every proxy, whole at the server, in groups that stay together.

import { groupsAround, wholeGroups } from '../../activities/key-groups.js';
import type { HoldAcknowledgement } from '../../proxy/admin-api.js';
import { whatIsBusy } from '../../proxy/quiet.js';
import * as handOver from './hand-over.js';
import { atPrimary } from './proxy-requests.js';
import * as rows from './rows.js';
import type { Model } from './rules.js';
import { storeOf } from './servers.js';
import type { Attempt, Batch, World } from './world.js';
import { proxyOf } from './world.js';

/** One proxy says what is busy at this moment, as by `proxy/quiet.ts`. */
export function acknowledge(model: Model, world: World, batch: Batch, incarnation: string): void {
  const proxy = proxyOf(world, incarnation);
  if (proxy === undefined) return;
  const { requests, streams } = atPrimary(world, proxy);
  const asked = {
    scope: batch.kind === 'keys' ? ('keys' as const) : ('all' as const),
    keys: new Set(batch.groups.flat()),
    minAgeMs: null,
    ignoreUnanswered: model.mechanism === 'swap',
  };
  const said = whatIsBusy(proxy.routing, requests, model.rules.streamsKeepSessions ? streams : [], asked, 0);
  batch.said.set(incarnation, { incarnation, holdId: batch.holdId, ...said });
}

/** Decides what can be handed over: what is quiet at the proxies, and whole at the server. */
export function passBarrier(model: Model) {
  return (world: World, attempt: Attempt, batch: Batch): void => {
    const asksServer = model.mechanism === 'swap';
    const isBusy = saidOf(batch).some(({ inFlight, unanswered }) => inFlight - (asksServer ? unanswered : 0) > 0);
    attempt.at = 'let-go';
    if (asksServer && world.machines[handOver.rolesOf(attempt).active].power !== 'on') return;
    if (batch.kind === 'seal' && isBusy) return;
    if (batch.kind === 'seal' && saidOf(batch).some(({ streams }) => streams > 0)) {
      attempt.at = 'holding';
      // They are closed, which ends them by and by; their clients come back and wait in the hold. All proxies are asked again.
      batch.said.clear();
      return;
    }
    if (!asksServer && handOver.isSaving(model, world, attempt)) {
      attempt.at = 'holding';
      return;
    }
    attempt.at = 'giving';
    const busy = busyOf(batch);
    const held = new Set(batch.groups.flat());
    if (batch.kind === 'keys') regroup(model, world, batch);
    const quiet = wholeGroups(batch.groups, (key) => held.has(key) && !busy.has(key));
    // Of sessions that nobody has named a shared store knows nothing: with the seal they are the standby's.
    batch.given = quiet.sort();
    if (!asksServer) return;
    batch.given = batch.kind === 'keys' ? quiet : wanted(model, world, attempt, batch);
    const { active } = handOver.rolesOf(attempt);
    const inMemory = handOver.keysInMemory(world, active);
    batch.given = batch.given.filter((key) => !inMemory.has(key)).sort();
    batch.ready = [...storeOf(model, world, active).values()].filter(({ key }) => batch.given.includes(key));
  };
}

/** Hands over what passed the barrier. Only whole groups move. */
export function give(model: Model) {
  return (world: World, attempt: Attempt, batch: Batch): void => {
    attempt.at = 'given';
    handOver.give(model, world, attempt, batch);
    const ready = new Set(batch.given);
    const together = model.rules.groupsMoveWhole ? saidOf(batch).flatMap((one) => one.together) : [];
    const around = batch.kind === 'keys' ? batch.groups : groupsAround(batch.given, together, new Set(batch.atStandby));
    batch.moved = wholeGroups(around, (key) => ready.has(key)).sort();
  };
}

/** Everything is held. A request that the server has not picked up yet would meet a session on its way out. */
function wanted(model: Model, world: World, attempt: Attempt, batch: Batch): string[] {
  const together = saidOf(batch).flatMap((one) => one.together);
  const streaming = groupsAround(
    saidOf(batch).flatMap((one) => one.streaming),
    together,
    new Set(),
  ).flat();
  const inMemory = handOver.keysInMemory(world, handOver.rolesOf(attempt).active);
  // Such a pass takes any session, so there must be none in memory that has a stream.
  const isInReach = model.rules.streamsKeepMemory && streaming.some((key) => inMemory.has(key));
  const isPickedUp = !saidOf(batch).some(({ notPickedUp }) => notPickedUp > 0);
  if (isPickedUp && !isInReach) handOver.swapOut(model, world, attempt, new Set());
  const except = new Set([...busyOf(batch), ...batch.atStandby]);
  return [...new Set([...handOver.swappedOut(model, world, attempt), ...together.flat()])].filter((key) => !except.has(key));
}

/** Requests may have named keys together since the groups were made. */
function regroup({ rules }: Model, world: World, batch: Batch): void {
  if (!rules.regroupsWhenHeld) return;
  const together = saidOf(batch).flatMap((one) => one.together);
  const keys = batch.groups.flat();
  batch.groups = groupsAround(keys, [...batch.groups, ...together], rows.lookUpOwners(world.rows, together.flat()));
}

/** All acknowledgements so far. */
export function saidOf({ said }: Batch): HoldAcknowledgement[] {
  return [...said.values()];
}

/** Keys with a request or a stream at the primary. */
export function busyOf(batch: Batch): Set<string> {
  return new Set(saidOf(batch).flatMap((one) => [...one.busy, ...one.streaming]));
}
