// One context of a Tomcat on its way from one machine to the other.

import type { MachineConfig } from '../../config/types.js';
import type { MechanismCall } from './mechanism.js';
import type { StoredSessions } from './stored-sessions.js';
import type { TomcatManager } from './tomcat-manager.js';

/** The context on one machine. */
export interface Side<Store extends StoredSessions = StoredSessions> {
  machine: MachineConfig;
  manager: TomcatManager;
  store: Store;
  /** The cookies of the pool that carry session ids: that of the context is one of them, and nobody tells which. */
  sessionCookies: readonly string[];
}

/** How sessions leave the primary's memory for its store. */
export interface SwapOut {
  /** While requests flow: sessions that have rested for `restS` seconds, or longer. */
  idle(call: MechanismCall, restS: number): Promise<void>;
  /**
   * While everything bound for this Tomcat is held, which is until `endsAt` (performance.now): about `limit` sessions, for the other
   * one loads them all at once. `ids` are those in memory right before. `force`: what stays behind will be lost.
   */
  held(ids: readonly string[], what: { limit: number; endsAt: number; force: boolean }, call: MechanismCall): Promise<void>;
}

export interface Lane {
  /** Context path; '' is the root. */
  context: string;
  from: Side;
  to: Side;
  swapOut: SwapOut;
}
