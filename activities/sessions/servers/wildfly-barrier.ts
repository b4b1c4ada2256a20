// How a WildFly tells that sessions are saved, which depends on where it keeps them.

import type { WildflyState } from './wildfly-state.js';

export interface WildflyPair {
  primary: WildflyState;
  standby: WildflyState;
}

export interface WildflyBarrier {
  /** Which of these sessions, quiet at the proxies, are saved. */
  saved(pair: WildflyPair, keys: readonly string[], signal: AbortSignal): Promise<string[]>;
  /** Whether all are, at `endsAt` (performance.now) at the latest, while nothing goes to the primary. */
  allSaved(pair: WildflyPair, endsAt: number, signal: AbortSignal): Promise<boolean>;
}
