// Everything the model knows at one moment, as plain data: two machines, proxies, rows, and attempts at one clean restart or fail-over.

import type { HoldAcknowledgement } from '../../proxy/admin-api.js';
import type { RoutingState } from '../../proxy/routing.js';
import type { PoolSnapshot } from '../../state/snapshot.js';
import type { FailOver } from './fail-over.js';
import type { Pen, Rows } from './rows.js';
import { isCurrent } from './rows.js';

/** The restart moves everything from `a`, the primary, to `b`, the standby. */
export type Machine = 'a' | 'b';

export interface World {
  rows: Rows;
  proxies: Proxy[];
  machines: Record<Machine, Server>;
  /** Requests that somebody waits for, or that a machine may still execute. */
  requests: Request[];
  attempts: Attempt[];
  failOver: FailOver | null;
  clients: Clients;
  left: Budget;
  /** The hold whose commit has sealed the pool. */
  sealedBy: number | null;
  /** What went wrong; nothing happens any more after it. */
  violation: string | null;
}

/** What clients have been answered. A session is named by its identity here, whatever its id is at the moment. */
export interface Clients {
  /** The key (hashed id) that a session's client sends. */
  cookies: Map<string, string>;
  /** Updates that the client knows to have happened, one bit each. */
  acknowledged: Map<string, number>;
  /** Keys that a log-in has replaced: no machine needs to know them any more. */
  replaced: Set<string>;
  /** Keys of sessions that only a dead machine's memory had. */
  lost: Set<string>;
  sent: number;
}

export interface Request {
  /** Which update it makes: bit number `id`. */
  id: number;
  kind: 'plain' | 'log-in' | 'stream';
  /** Sessions that it uses; of a request without a session, the one that it begins. */
  sessions: string[];
  /** Keys that it came with: none begins a session. */
  keys: string[];
  /** Incarnation of its proxy. When that is gone, the request is an orphan: it may still be executed, nobody is answered. */
  proxy: string;
  machine: Machine | null;
  /** The epoch that it was routed by. */
  epoch: number;
  /**
   * `recording`: executed; its answer waits in the proxy until its new ids are in the rows.
   * `gone`: executed, which its proxy does not know because the connection broke.
   */
  stage: 'waiting' | 'sent' | 'running' | 'recording' | 'gone';
  /** Its connection broke: its client was told so, and the machine may execute it all the same. */
  isBroken: boolean;
  /** Updates of each of its sessions that were acknowledged before it was sent. */
  mustSee: number[];
}

export interface Server {
  /** One that hangs has everything and does nothing, until it goes on. */
  power: 'on' | 'hung' | 'off';
  /** By session. */
  memory: Map<string, SessionObject>;
  /** Where sessions lie that are not in memory, by key. With a shared store only that of `a` is used. */
  store: Map<string, Stored>;
}

export interface Stored {
  session: string;
  key: string;
  content: number;
}

/** `saved` follows `content` after the response has left: servers save late. */
export interface SessionObject extends Stored {
  saved: number;
}

export interface Proxy {
  slot: string;
  incarnation: string;
  life: 'down' | 'loaded' | 'registered' | 'serving';
  routing: RoutingState;
  /** An answer of the rows that was read and has not arrived. */
  lookUp: { epoch: number; asked: string[]; atStandby: Set<string> } | null;
  load: { snapshot: PoolSnapshot; known: number[] } | null;
  /** Ids that the standby has set and that are recorded too late (only by a mutant). */
  unrecorded: string[];
}

/** One attempt at the restart: a program that may stop anywhere, and go on after it was overtaken. */
export interface Attempt {
  run: string;
  token: number;
  /** The active machine when it began. */
  primary: Machine;
  at: Step;
  /** The epoch that all proxies have to report. */
  epoch: number;
  groups: string[][];
  batch: Batch | null;
  /** The step that failed ends the attempt once its hold is let go. */
  isFailing: boolean;
}

export type Step =
  | 'open'
  | 'report-opening'
  | 'report-moving'
  | 'begin'
  | 'idle'
  | 'looked'
  | 'holding'
  | 'giving'
  | 'given'
  | 'settle'
  | 'report-sealed'
  | 'let-go'
  | 'look-owners'
  | 'take-back'
  | 'restart'
  | 'swap'
  | 'report-swapped'
  | 'ended';

export interface Batch {
  holdId: number;
  /** `seal`: everything, and the phase `sealed` with it. */
  kind: 'keys' | 'all' | 'seal';
  groups: string[][];
  atStandby: string[];
  /** Incarnations, and their acknowledgements. */
  asked: Set<string>;
  said: Map<string, HoldAcknowledgement>;
  /** What the barrier let pass, as it was then. */
  ready: Stored[];
  /** Keys whose final state the standby has, as far as the attempt knows. */
  given: string[];
  moved: string[];
  /** A commit whose connection broke: it may yet take effect. */
  lateCommit: boolean;
}

/** How often each thing may still happen. */
export interface Budget {
  requests: number;
  logIns: number;
  /** Requests without a session. */
  newcomers: number;
  streams: number;
  /** Requests that name both sessions. */
  pairs: number;
  crashes: number;
  /** Connections to the primary that break. */
  broken: number;
  holds: number;
  /** Further attempts of the run, and of a run that takes the pool over. */
  attempts: number;
  takeOvers: number;
  /** Loads that arrive late. */
  lateLoads: number;
  /** Holds that a proxy lets go because their deadline has passed. */
  overdue: number;
  /** Commits whose answer or whose connection is lost. */
  lostCommits: number;
  /** Answers of a look-up that are lost. */
  lostAnswers: number;
  /** Deaths of the active machine, and pauses of it. */
  deaths: number;
  hangs: number;
  /** Fail-overs; the workflow of a run that has the pool may end before each, without a word, `closings` times. */
  failOvers: number;
  closings: number;
  /** Somebody starts a machine that is off. */
  starts: number;
  /** Steps of a fail-over whose end Temporal does not hear of. */
  unheard: number;
}

export type Mechanism = 'swap' | 'shared';

export function proxyOf(world: World, incarnation: string): Proxy | undefined {
  return world.proxies.find((proxy) => proxy.incarnation === incarnation && proxy.life !== 'down');
}

export function requestsOf(world: World, { incarnation }: Proxy): Request[] {
  return world.requests.filter((request) => request.proxy === incarnation);
}

/** Asked right before an external effect; an attempt that was overtaken ends. */
export function mayAct(world: World, attempt: Pen & { at: string; batch?: Batch | null }): boolean {
  if (isCurrent(world.rows, attempt)) return true;
  attempt.at = 'ended';
  if (attempt.batch !== undefined) attempt.batch = null;
  return false;
}

export function fail(world: World, what: string): void {
  world.violation ??= what;
}
