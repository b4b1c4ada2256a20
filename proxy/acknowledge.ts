// When a proxy acknowledges a hold: the held keys are quiet, or the budget is used up and the busy ones are named.

import type { HoldAcknowledgement, HoldRequest } from './admin-api.js';
import type { Exchange } from './in-flight.js';
import type { PoolTraffic } from './pool-traffic.js';
import { togetherOnPrimary } from './routing.js';

/** Waits for quiet at most `request.budgetMs`. Resolves with what is busy at that moment; never rejects. */
export function acknowledgeHold(
  traffic: PoolTraffic,
  incarnation: string,
  id: number,
  request: HoldRequest,
): Promise<HoldAcknowledgement> {
  const keys = new Set(request.keys);
  const heldOf = (exchange: Exchange): string[] => exchange.allKeys().filter((key) => request.scope === 'all' || keys.has(key));
  const report = (): HoldAcknowledgement => {
    const busy = new Set<string>();
    let inFlight = 0;
    let unanswered = 0;
    let notPickedUp = 0;
    const pickedUpBefore = performance.now() - (request.minAgeMs ?? 0);
    for (const exchange of traffic.inFlight.requests(traffic.state.active)) {
      inFlight++;
      if (exchange.unanswered) {
        unanswered++;
        if (request.ignoreUnanswered) continue;
      }
      if (exchange.sentAt === null || exchange.sentAt > pickedUpBefore) notPickedUp++;
      for (const key of heldOf(exchange)) busy.add(key);
    }
    const streams = [...traffic.inFlight.streams(traffic.state.active)];
    const together = togetherOnPrimary(traffic.state);
    return {
      incarnation,
      holdId: id,
      busy: [...busy],
      inFlight,
      unanswered,
      notPickedUp,
      streaming: [...new Set(streams.flatMap(heldOf))],
      streams: streams.length,
      together,
    };
  };
  return new Promise((resolve) => {
    const deadline = performance.now() + request.budgetMs;
    let timer: NodeJS.Timeout | undefined;
    const check = (): void => {
      clearTimeout(timer);
      const now = performance.now();
      const waitMs = Math.min(untilQuietMs(traffic, request, keys, now), deadline - now);
      if (waitMs <= 0) {
        stopListening();
        resolve(report());
      } else {
        timer = setTimeout(check, Math.ceil(waitMs));
      }
    };
    const stopListening = traffic.inFlight.onChange(check);
    check();
  });
}

/** How long until the hold can be acknowledged if nothing ends before; Infinity when only an end can help. */
function untilQuietMs(traffic: PoolTraffic, request: HoldRequest, keys: ReadonlySet<string>, now: number): number {
  let waitMs = 0;
  for (const exchange of traffic.inFlight.requests(traffic.state.active)) {
    if (request.scope === 'keys' && !touches(exchange, keys)) continue;
    if (exchange.unanswered && request.ignoreUnanswered) continue;
    if (request.scope === 'keys' || request.minAgeMs === null) return Infinity;
    if (exchange.sentAt === null) return Infinity;
    waitMs = Math.max(waitMs, exchange.sentAt + request.minAgeMs - now);
  }
  return waitMs;
}

function touches(exchange: Exchange, keys: ReadonlySet<string>): boolean {
  return exchange.allKeys().some((key) => keys.has(key));
}
