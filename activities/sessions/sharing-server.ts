// Application servers whose machines share their sessions, in a store or in each other's memory: nothing to copy, the hold is the point.

import type { MachineConfig } from '../../config/types.js';
import type { MachinePair, MechanismCall } from './mechanism.js';

/** What one kind of server alone can tell. Servers end a response before its session is saved, so each has a barrier of its own. */
export interface SharingServer {
  /** What the barrier of a batch may take, in milliseconds. */
  readonly barrierMs: number;
  /** Refuses, with what to change, where this machine by itself could not share its sessions. Changes nothing. */
  inspect(machine: MachineConfig, call: MechanismCall): Promise<void>;
  /** Refuses, with what to change, where the two do not share them. One that has just booted may have to fetch them first: waits for that. */
  mustShare(pair: MachinePair, call: MechanismCall): Promise<void>;
  /** The barrier: which of these sessions, quiet at the proxies, the standby finds as the primary has left them. */
  saved(pair: MachinePair, keys: readonly string[], call: MechanismCall): Promise<string[]>;
  /** The barrier of all sessions, while nothing goes to the primary; false when it was not passed by `endsAt` (performance.now). */
  allSaved(pair: MachinePair, endsAt: number, call: MechanismCall): Promise<boolean>;
  /**
   * How many sessions the standby has after the primary has died, in its own memory; null where a store beside both has them. It may have less than
   * the primary had: what that had not sent yet, and all where it was off.
   */
  survivors(standby: MachineConfig, call: MechanismCall): Promise<number | null>;
  /** Closes connections. */
  close(): Promise<void>;
}
