// The contract between the planes: what a worker asks of a proxy. Calls make it quick, rows decide.
// All calls need `Authorization: Bearer <token>`; answers are JSON; errors are `{code, message, remedy}` with an HTTP status.

import type { HoldScope, HoldState } from '../state/hold.js';
import type { Phase } from '../state/pool.js';

/** POST /pools/:pool/reload: loads the pool from its row now. The answer is the proxy's report of the epoch it routes by. */
export interface PoolReport {
  incarnation: string;
  epoch: number;
  phase: Phase;
  active: string;
  standby: string;
  /** Requests that each machine is answering, by name; streams and broken-off ones apart. */
  inFlight: Record<string, number>;
  /** Requests whose connection broke before the answer, by machine: it may still execute them. */
  unanswered: Record<string, number>;
  /** Open WebSockets and event streams by machine. */
  streams: Record<string, number>;
  /** Requests that wait in the gate now. */
  held: number;
  /** Its name, and the settings that workers must have alike, as config/routing-settings.ts gives them; absent in answers of proxies that do not tell. */
  proxy?: string;
  settings?: Record<string, string>;
}

/** PUT /pools/:pool/holds/:id: holds, waits until quiet or until the budget is used up, acknowledges. */
export interface HoldRequest {
  run: string;
  scope: HoldScope;
  keys: string[];
  /** How long to wait for requests in flight before acknowledging with what is still busy. */
  budgetMs: number;
  /** Scope `all`: acknowledge as soon as every request in flight is at least this old. Infinity is written as null: wait for none in flight. */
  minAgeMs: number | null;
  /** The worker asks the server itself what it still executes: requests whose connection broke are neither waited for nor busy. */
  ignoreUnanswered: boolean;
}

export interface HoldAcknowledgement {
  incarnation: string;
  holdId: number;
  /** Held keys (scope `all`: any keys) with a request in flight at the primary. */
  busy: string[];
  /** Requests in flight at the primary, with or without keys, streams apart. */
  inFlight: number;
  /** Of these, requests whose connection broke before the answer: the machine may still execute them. */
  unanswered: number;
  /** Of these, requests that have not left yet, or are younger than `minAgeMs`: the machine may not have picked them up. */
  notPickedUp: number;
  /** Held keys (scope `all`: any keys) with an open stream to the primary: what it keeps of them may still change. */
  streaming: string[];
  /** Open streams to the primary, with or without keys. */
  streams: number;
  /** Combinations of keys that came in one request in this epoch and are not all the standby's: they have to move together. */
  together: string[][];
}

/** POST /pools/:pool/holds/:id/end: the row has ended so; final, whoever says it. */
export interface HoldEnd {
  run: string;
  state: Exclude<HoldState, 'held'>;
  moved: string[];
}

/**
 * GET /pools/:pool/keys: keys seen on the primary in this epoch, and combinations that came in one request. With `?of=streams`, which is
 * asked often, `keys` is empty and `sessions` absent.
 */
export interface SeenKeys {
  incarnation: string;
  keys: string[];
  /** Of a pool whose sessions cannot be moved: keys of each that the primary has answered within `idleMs` before the pool moved, or since. */
  sessions?: string[][];
  /** Milliseconds since the primary last answered a request that named or began a session; null where none did. */
  usedAgoMs: number | null;
  /** For how many milliseconds this incarnation has taken note of them; absent in answers of proxies that do not. */
  knowsSinceMs?: number;
  together: string[][];
  /** Keys with an open stream to the primary; absent in answers of proxies that do not tell. */
  streaming?: string[];
  /** Requests in flight at the primary that were routed in an earlier epoch; absent in answers of proxies that do not count them. */
  older?: number;
  /** Streams to the primary that name a session and were routed in an earlier epoch; absent likewise. */
  olderStreams?: number;
}

/** POST /pools/:pool/canary: one health check to the standby, or with `?of=active` to the active machine, over the connections of its traffic. */
export interface CanaryReport {
  incarnation: string;
  proxy: string;
  /** What came back in place of the healthy answer, or null. */
  seen: string | null;
}

/** GET /pools/:pool/hold-times: how long requests waited in the gate since the pool left `steady`. */
export interface HoldTimes {
  incarnation: string;
  /** Milliseconds of each held request, at most the latest 100,000. */
  waitsMs: number[];
  /** Requests answered 503 because a hold could not be decided in time. */
  expired: number;
}

/** GET /pools/:pool/traffic: what clients have got from each machine since this incarnation began; only differences say something. */
export interface TrafficReport {
  incarnation: string;
  /** By machine; one that had no request may be absent. */
  machines: Record<string, MachineTraffic>;
}

export interface MachineTraffic {
  /** Requests answered, whatever the status. */
  answered: number;
  /** Of these, those with a status of 500 and above. */
  serverErrors: number;
  /** Requests without an answer, not counted above: none in time, a broken connection, no connection free. */
  timeouts: number;
  broken: number;
  busy: number;
  /** How long answers took, as [upper bound in ms, count] of each bucket that is not empty. */
  latency: [number, number][];
  /** Requests in flight or waiting for a connection, at this moment. */
  inFlight: number;
}

/** POST /pools/:pool/streams/close: closes the streams to the primary the way their protocol says. Answers how many. */
export interface StreamsClosed {
  incarnation: string;
  closed: number;
}
