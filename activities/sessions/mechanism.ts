// How the sessions of an application server get from one machine to the other.
// Sessions are named by key (state/session-key.ts): the keyed hash of the normalised id, never by the id itself.

import type { MachineConfig } from '../../config/types.js';

export interface MachinePair {
  primary: MachineConfig;
  standby: MachineConfig;
}

export interface MechanismCall {
  signal: AbortSignal;
  /** Called right before each external effect; throws when the caller may no longer act. */
  guard: () => Promise<void>;
  /** Called with what is waited for, in words, whenever it was looked for and was not there. */
  onSeen?: (seen: string) => void;
}

export interface PreflightCall extends MechanismCall {
  /** Users' sessions stay as they are: what cannot be tried without touching them is left to a restart, which tries it after all else. */
  sparing?: boolean;
}

/** What the proxies hold while a hand-over runs. */
export type HandOverScope =
  | { held: 'keys'; keys: readonly string[] }
  /**
   * Everything bound for the primary is held until `endsAt` (performance.now), and may flow again after it. Of the sessions in its memory about `limit` may go; not those of `except`, which have a
   * request in flight or are the standby's already. `named`: keys that requests have named, whether or not the primary has their session.
   * `streaming`: keys of sessions that have a stream, which none may leave memory under. `running`: requests that the primary may be executing; `notPickedUp`: of these, those that it may not have seen yet.
   * `force`: the primary will be restarted whatever stays behind.
   */
  | {
      held: 'all';
      except: ReadonlySet<string>;
      running: number;
      notPickedUp: number;
      named: readonly string[];
      streaming: ReadonlySet<string>;
      limit: number;
      endsAt: number;
      force: boolean;
    };

/** Keys of sessions that have a stream at this moment. */
export type FindStreams = () => Promise<ReadonlySet<string>>;

export interface IdleSessions {
  /** What is ready. Empty where the server cannot tell. */
  keys: string[];
  /** Sessions that have a stream are in the primary's memory: a hand-over of sessions in use would have to take them, too. */
  haveStreams: boolean;
}

export interface SessionMechanism {
  /** `keys`: hot sessions can be held by name. `all`: the mechanism acts on the whole server. `none`: it moves nothing. */
  readonly holds: 'keys' | 'all' | 'none';
  /** `all`: requests in flight that are at least this old need not be waited for, the server skips their sessions; null waits for all. */
  readonly pickedUpMs: number | null;
  /** What a hand-over may take, in milliseconds, before the hold may be let go. */
  readonly handOverMs: number;
  /** Refuses, with what to change, when sessions could not be moved. Changes nothing that lasts. `streaming` as for `prepareIdle`. */
  preflight(pair: MachinePair, streaming: FindStreams, call: PreflightCall): Promise<void>;
  /** The part of a preflight that one machine alone can tell of, when the other is off. Changes nothing. */
  inspect(machine: MachineConfig, call: MechanismCall): Promise<void>;
  /** Ensures the settings that hold while sessions move, on both machines, and clears what an earlier run or batch left behind. */
  begin(pair: MachinePair, ownedByStandby: () => Promise<ReadonlySet<string>>, call: MechanismCall): Promise<void>;
  /**
   * Makes idle sessions ready to be handed over while nothing is held. `streaming` asks for the keys of sessions that have a stream:
   * they stay as they are.
   */
  prepareIdle(pair: MachinePair, streaming: FindStreams, call: MechanismCall): Promise<IdleSessions>;
  /**
   * Barrier and hand-over: the keys whose final state the standby can now load, among them keys of which the primary has no session.
   * Null when the primary has not saved everything in time, so that the batch has to be let go. Idempotent; leaves the primary's copy until `settle`.
   */
  handOver(pair: MachinePair, scope: HandOverScope, call: MechanismCall): Promise<string[] | null>;
  /** After the commit: nothing of these keys is left on the primary. */
  settle(pair: MachinePair, keys: readonly string[], call: MechanismCall): Promise<void>;
  /** The batch was let go: the standby must not see these keys any more. */
  retract(pair: MachinePair, keys: readonly string[], call: MechanismCall): Promise<void>;
  /** Keys of sessions that the primary still has, or null where the server cannot tell. */
  remaining(pair: MachinePair, call: MechanismCall): Promise<ReadonlySet<string> | null>;
  /**
   * The primary is off for good, and the standby has no sessions of its own: makes what the primary has stored loadable on the standby, as it
   * was stored. Resolves with how many sessions that are; null where they are in a store of both. May be repeated.
   */
  rescue(pair: MachinePair, call: MechanismCall): Promise<number | null>;
  /** After a rescue, before the primary boots: nothing is left in its store. */
  forsake(pair: MachinePair, call: MechanismCall): Promise<void>;
  /** Ensures normal settings on both machines. */
  end(pair: MachinePair, call: MechanismCall): Promise<void>;
  /** Closes connections. */
  close(): Promise<void>;
}
