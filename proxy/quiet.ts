// What a proxy says of its requests in flight, without I/O or clock.

import type { HoldAcknowledgement, HoldRequest, SeenKeys } from './admin-api.js';
import type { RoutingState } from './routing.js';
import { togetherOnPrimary } from './routing.js';

/** A request or a stream at the primary. */
export interface AtPrimary {
  /** Keys that it came with, and those that its answer sets. */
  allKeys(): readonly string[];
  /** When it had left for the machine (performance.now), or null. */
  readonly sentAt: number | null;
  /** The epoch that it was routed by. */
  readonly epoch: number;
  /** Its connection broke before the answer: the machine may still be executing it. */
  readonly unanswered: boolean;
}

export type Question = Pick<HoldRequest, 'scope' | 'minAgeMs' | 'ignoreUnanswered'> & { keys: ReadonlySet<string> };

/** How long until a hold can be acknowledged if nothing ends before; Infinity when only an end can help. */
export function untilQuietMs(requests: Iterable<AtPrimary>, asked: Question, now: number): number {
  let waitMs = 0;
  for (const request of requests) {
    if (asked.scope === 'keys' && heldOf(request, asked).length === 0) continue;
    if (request.unanswered && asked.ignoreUnanswered) continue;
    if (asked.scope === 'keys' || asked.minAgeMs === null) return Infinity;
    if (request.sentAt === null) return Infinity;
    waitMs = Math.max(waitMs, request.sentAt + asked.minAgeMs - now);
  }
  return waitMs;
}

/** What is busy at this moment. */
export function whatIsBusy(
  state: RoutingState,
  requests: Iterable<AtPrimary>,
  streams: readonly AtPrimary[],
  asked: Question,
  now: number,
): Omit<HoldAcknowledgement, 'incarnation' | 'holdId'> {
  const busy = new Set<string>();
  let inFlight = 0;
  let unanswered = 0;
  let notPickedUp = 0;
  const pickedUpBefore = now - (asked.minAgeMs ?? 0);
  for (const request of requests) {
    inFlight++;
    if (request.unanswered) {
      unanswered++;
      if (asked.ignoreUnanswered) continue;
    }
    if (request.sentAt === null || request.sentAt > pickedUpBefore) notPickedUp++;
    for (const key of heldOf(request, asked)) busy.add(key);
  }
  return {
    busy: [...busy],
    inFlight,
    unanswered,
    notPickedUp,
    streaming: [...new Set(streams.flatMap((stream) => heldOf(stream, asked)))],
    streams: streams.length,
    together: togetherOnPrimary(state),
  };
}

/**
 * Keys that may have a session at the primary, which of them came together, and which have a stream, which keeps them there until it is
 * closed; and how many requests, and streams that name a session, are older than the epoch. Their sessions may have got another id by a log-in that nobody took note of, because the pool did not move yet.
 */
export function seenOnPrimary(
  state: RoutingState,
  requests: Iterable<AtPrimary>,
  streams: Iterable<AtPrimary>,
): Pick<SeenKeys, 'keys' | 'together' | 'streaming' | 'older' | 'olderStreams'> {
  const keys = new Set<string>();
  for (const [key, owner] of state.owners) if (owner === 'primary') keys.add(key);
  const together = togetherOnPrimary(state);
  let older = 0;
  for (const request of requests) {
    if (request.epoch < state.epoch) older++;
    const all = request.allKeys();
    for (const key of all) if (state.owners.get(key) !== 'standby') keys.add(key);
    if (all.length > 1) together.push([...all]);
  }
  const streaming = new Set<string>();
  let olderStreams = 0;
  for (const stream of streams) {
    const all = stream.allKeys();
    if (stream.epoch < state.epoch && all.length > 0) olderStreams++;
    for (const key of all) streaming.add(key);
  }
  return { keys: [...keys], together, streaming: [...streaming], older, olderStreams };
}

function heldOf(request: AtPrimary, { scope, keys }: Question): string[] {
  return request.allKeys().filter((key) => scope === 'all' || keys.has(key));
}
