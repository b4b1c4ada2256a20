// What all proxies together say of a hold.

import { setTimeout as sleep } from 'node:timers/promises';
import type { HoldRequest } from '../proxy/admin-api.js';
import type { Attempt } from './attempt.js';

/** Between two looks whether the streams that were closed have gone. */
const POLL_MS = 20;

export interface Held {
  /** Incarnations of the proxies. */
  acknowledged: Set<string>;
  /** Keys with a request in flight at the primary. */
  busy: Set<string>;
  /** Requests in flight at the primary, without those that the mechanism asks the server about. */
  inFlight: number;
  /** Of the requests that the mechanism asks the server about, those that may still run. */
  unanswered: number;
  /** Requests that the primary may not have picked up yet. */
  notPickedUp: number;
  /** Keys with an open stream to the primary. */
  streaming: Set<string>;
  streams: number;
  /** Keys that came in one request. */
  together: string[][];
  /** Keys of `together`, each once. */
  named: string[];
}

/** Asks every proxy to hold. Null when not every one does: the batch could not be committed. */
export async function hold({ proxies, mechanism }: Attempt, holdId: number, request: HoldRequest): Promise<Held | null> {
  const acknowledgements = await proxies.hold(holdId, request);
  if (acknowledgements === null) return null;
  const asksServer = mechanism.holds === 'all';
  const together = acknowledgements.flatMap((acknowledgement) => acknowledgement.together);
  return {
    acknowledged: new Set(acknowledgements.map((acknowledgement) => acknowledgement.incarnation)),
    busy: new Set(acknowledgements.flatMap((acknowledgement) => acknowledgement.busy)),
    inFlight: sum(acknowledgements, ({ inFlight, unanswered }) => inFlight - (asksServer ? unanswered : 0)),
    unanswered: asksServer ? sum(acknowledgements, ({ unanswered }) => unanswered) : 0,
    notPickedUp: sum(acknowledgements, ({ notPickedUp }) => notPickedUp),
    streaming: new Set(acknowledgements.flatMap((acknowledgement) => acknowledgement.streaming)),
    streams: sum(acknowledgements, ({ streams }) => streams),
    together,
    named: [...new Set(together.flat())],
  };
}

/** Holds again until the streams that were closed have gone, or until `endsAt` (performance.now). */
export async function holdWithoutStreams(
  attempt: Attempt,
  holdId: number,
  request: HoldRequest,
  endsAt: number,
): Promise<Held | null> {
  for (;;) {
    const held = await hold(attempt, holdId, request);
    if (held === null || held.streams === 0 || performance.now() > endsAt) return held;
    await sleep(POLL_MS, undefined, { signal: attempt.signal });
  }
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
