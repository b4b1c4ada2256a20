// When a proxy acknowledges a hold: the held keys are quiet, or the budget is used up and the busy ones are named.

import type { HoldAcknowledgement, HoldRequest } from './admin-api.js';
import type { PoolTraffic } from './pool-traffic.js';
import type { Question } from './quiet.js';
import { untilQuietMs, whatIsBusy } from './quiet.js';

/** Waits for quiet at most `request.budgetMs`. Resolves with what is busy at that moment; never rejects. */
export function acknowledgeHold(
  { inFlight, state }: PoolTraffic,
  incarnation: string,
  id: number,
  request: HoldRequest,
): Promise<HoldAcknowledgement> {
  const asked: Question = { ...request, keys: new Set(request.keys) };
  const report = (): HoldAcknowledgement => {
    const streams = [...inFlight.streams(state.active)];
    const said = whatIsBusy(state, inFlight.requests(state.active), streams, asked, performance.now());
    return { incarnation, holdId: id, ...said };
  };
  return new Promise((resolve) => {
    const deadline = performance.now() + request.budgetMs;
    let timer: NodeJS.Timeout | undefined;
    const check = (): void => {
      clearTimeout(timer);
      const now = performance.now();
      const waitMs = Math.min(untilQuietMs(inFlight.requests(state.active), asked, now), deadline - now);
      if (waitMs <= 0) {
        stopListening();
        resolve(report());
      } else {
        timer = setTimeout(check, Math.ceil(waitMs));
      }
    };
    const stopListening = inFlight.onChange(check);
    check();
  });
}
