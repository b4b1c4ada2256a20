// The rules of the protocol that a mutant may break, one at a time, and the routing functions that the model's proxies run.

import * as routing from '../../proxy/routing.js';
import type { CommitRules } from './rows.js';
import { COMMIT_RULES } from './rows.js';
import type { Mechanism, World } from './world.js';

export interface Rules extends CommitRules {
  /** A proxy never ends a hold by its own clock. */
  endsComeFromRows: boolean;
  /** A hold is let go in its row before anybody is told. */
  rowBeforeMessage: boolean;
  /** Ids that the standby sets are recorded before the response leaves. */
  recordsBeforeResponse: boolean;
  /** No message ends the last hold: its end is loaded together with the phase `sealed`. */
  sealIsLoaded: boolean;
  /** `opening` comes before `moving`, and every proxy reports it. */
  opensFirst: boolean;
  looksUpUnknownKeys: boolean;
  registersBeforeLoad: boolean;
  handOverNeverReplaces: boolean;
  /** The barrier asks whether the session object is in use, under whatever id. */
  barrierByObject: boolean;
  /** The barrier asks whether the session is saved; quiet at the proxy is not enough. */
  barrierAwaitsSave: boolean;
  openClearsRows: boolean;
  streamsKeepSessions: boolean;
  /** A session that has a stream stays in the memory of its server, which would make it invalid under the stream. */
  streamsKeepMemory: boolean;
  /** Where the server is not asked, nothing moves by name while a request from before the move is in flight. */
  awaitsOlderRequests: boolean;
  /** Nor while a stream from before the move is open that names a session. */
  awaitsOlderStreams: boolean;
  groupsMoveWhole: boolean;
  /** What came together until the hold was acknowledged counts, not only until its groups were made. */
  regroupsWhenHeld: boolean;
  /** An attempt that was overtaken takes nothing back. */
  takesBackFenced: boolean;
  /** Before something is taken back, the rows say whose it is. */
  takesBackByRows: boolean;
  /** A fail-over leaves a pool alone whose sessions are half moved. */
  failsOverSteadyOnly: boolean;
  /** Nothing is routed while the machine that has failed may execute. */
  fences: boolean;
  fencesBeforeRoute: boolean;
  /** One that somebody starts after the fence is switched off again. */
  keepsOff: boolean;
  rescuesBeforeRoute: boolean;
  /** What was stored while somebody had it running is rescued as well. */
  rescuesAgain: boolean;
  /** A rescue leaves what it rescues where it is. */
  rescueCopies: boolean;
  /** The standby may have a state of its own from when it was the active machine. */
  rescueClears: boolean;
  /** Sessions that only the dead machine's memory had count as lost. */
  countsLost: boolean;
  /** The machine comes back when it has no traffic any more. */
  routeBeforeBack: boolean;
  /** To route again does not swap the roles back. */
  routesOnce: boolean;
  /** No proxy sends it anything any more. */
  backWhenAllKnow: boolean;
  /** Nor has anything under way to it: its connection could be made as soon as the machine runs. */
  backWhenNoneIsSent: boolean;
  /** It comes back from off: it may have loaded sessions. */
  backFromOff: boolean;
  forsakesStore: boolean;
  /** An attempt of a fail-over that was overtaken does nothing to machines and stores. */
  failOverFenced: boolean;
}

export const RULES: Rules = {
  ...COMMIT_RULES,
  endsComeFromRows: true,
  rowBeforeMessage: true,
  recordsBeforeResponse: true,
  sealIsLoaded: true,
  opensFirst: true,
  looksUpUnknownKeys: true,
  registersBeforeLoad: true,
  handOverNeverReplaces: true,
  barrierByObject: true,
  barrierAwaitsSave: true,
  openClearsRows: true,
  streamsKeepSessions: true,
  streamsKeepMemory: true,
  awaitsOlderRequests: true,
  awaitsOlderStreams: true,
  groupsMoveWhole: true,
  regroupsWhenHeld: true,
  takesBackFenced: true,
  takesBackByRows: true,
  failsOverSteadyOnly: true,
  fences: true,
  fencesBeforeRoute: true,
  keepsOff: true,
  rescuesBeforeRoute: true,
  rescuesAgain: true,
  rescueCopies: true,
  rescueClears: true,
  countsLost: true,
  routeBeforeBack: true,
  routesOnce: true,
  backWhenAllKnow: true,
  backWhenNoneIsSent: true,
  backFromOff: true,
  forsakesStore: true,
  failOverFenced: true,
};

export interface Model {
  rules: Rules;
  routing: typeof routing;
  mechanism: Mechanism;
}

export function modelOf(mechanism: Mechanism, mutant: Partial<Rules> = {}, transitions: Partial<typeof routing> = {}): Model {
  return { mechanism, rules: { ...RULES, ...mutant }, routing: { ...routing, ...transitions } };
}

/** One atomic thing that may happen next. */
export interface Action {
  name: string;
  apply: (world: World) => void;
}
