// The gate: a request passes at once, or waits here, unread, until its owner is known and free.

import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { LimitsConfig } from '../config/types.js';
import { holdExpired, queueFull } from './errors.js';
import type { Exchange, InFlight } from './in-flight.js';
import { OwnerLookUp } from './owner-look-up.js';
import type { Decision, RoutingState } from './routing.js';
import { decide, isMoving, noteTogether, partedKeys } from './routing.js';
import { WaitingRequest } from './waiting-request.js';

/** How often waiting requests are looked at for deadlines. Chosen: fine against holdMaxMs, cheap. */
const SWEEP_MS = 25;
/** How often the rows are asked again while requests wait. Chosen. */
const SETTLE_MS = 250;
/** The part of holdMaxMs for which a stream may keep a session that somebody waits for. Chosen: leaves more than sessions take to move. */
const STREAM_PART = 0.2;
/** Waits that are remembered for reports. */
const MAX_WAITS = 100_000;

export interface GateStore {
  /** The keys among `keys` that are the standby's. */
  lookUp(keys: readonly string[]): Promise<Set<string>>;
  /** Lets overdue holds go in their rows and learns the ends of open ones. */
  settleHolds(): Promise<void>;
  /** Lets these holds go in their rows before their deadline. */
  releaseHolds(ids: readonly number[]): Promise<void>;
}

interface Waiter {
  request: WaitingRequest<string>;
  /** Since when a hold keeps it, apart from a look-up; null if none does. */
  heldSince: number | null;
}

export class Gate {
  /** Milliseconds that each held request waited, since the pool left `steady`. */
  waitsMs: number[] = [];
  /** Requests answered 503 because no owner was decided in time. */
  expired = 0;
  private readonly waiters = new Set<Waiter>();
  private readonly lookUp: OwnerLookUp;
  private sweep: NodeJS.Timeout | undefined;
  private lastSettle = 0;
  private asking = false;
  private askAgain = false;

  constructor(
    private readonly state: RoutingState,
    private readonly inFlight: InFlight,
    private readonly limits: LimitsConfig,
    private readonly store: GateStore,
  ) {
    this.lookUp = new OwnerLookUp(
      state,
      (keys) => store.lookUp(keys),
      () => this.pump(),
    );
  }

  get waiting(): number {
    return this.waiters.size;
  }

  /**
   * The machine that executes this request, counted as in flight there from the same tick on.
   * A string at once, or a promise that rejects with a ProxyError or ClientGone. `client` emits 'close' when the client leaves.
   */
  admit(exchange: Exchange, client: EventEmitter): string | Promise<string> {
    const decision = this.decideFor(exchange);
    if (decision.kind === 'route') {
      this.inFlight.add(exchange, decision.machine, this.state.epoch);
      return decision.machine;
    }
    return this.wait(exchange, client);
  }

  /** Decides again for everyone who waits: call it whenever the routing state has changed. */
  pump(): void {
    const now = performance.now();
    for (const waiter of this.waiters) this.decideAgain(waiter, now);
    if (this.waiters.size === 0) this.stopSweep();
  }

  /** A clean restart begins. */
  reset(): void {
    this.waitsMs = [];
    this.expired = 0;
  }

  /** The client's connection is gone. A request that waits behind another one of a pipelining client hears it only here. */
  clientClosed(socket: Socket): void {
    for (const waiter of this.waiters) if (waiter.request.exchange.socket === socket) waiter.request.leave();
  }

  close(): void {
    this.stopSweep();
    for (const { request } of this.waiters) request.refuse(holdExpired());
    this.waiters.clear();
  }

  private decideFor(exchange: Exchange): Decision {
    if (!isMoving(this.state)) return decide(this.state, []);
    const keys = exchange.keys();
    noteTogether(this.state, keys);
    return decide(this.state, keys);
  }

  private decideAgain(waiter: Waiter, now: number): void {
    const { exchange } = waiter.request;
    const decision = this.decideFor(exchange);
    if (decision.kind === 'route') {
      this.waiters.delete(waiter);
      if (waiter.heldSince !== null) this.recordWait(now - waiter.heldSince);
      // Decision and count belong to one tick: a hold that opens later must see this request.
      this.inFlight.add(exchange, decision.machine, this.state.epoch);
      waiter.request.goOn(decision.machine);
    } else if (decision.kind === 'look-up') {
      this.lookUp.want(decision.keys);
    } else {
      waiter.heldSince ??= now;
    }
  }

  private wait(exchange: Exchange, client: EventEmitter): Promise<string> {
    if (this.waiters.size >= this.limits.maxHeldRequests) this.askRows(true);
    // What arrives until the rows have answered needs room too, but not without end.
    if (this.waiters.size >= 2 * this.limits.maxHeldRequests) return Promise.reject(queueFull());
    const request = new WaitingRequest<string>(exchange, client, () => this.waiters.delete(waiter));
    const waiter: Waiter = { request, heldSince: null };
    this.waiters.add(waiter);
    this.sweep ??= setInterval(() => this.expire(), SWEEP_MS);
    this.decideAgain(waiter, request.since);
    return request.outcome;
  }

  private expire(): void {
    const now = performance.now();
    for (const waiter of this.waiters) {
      const waitedMs = now - waiter.request.since;
      if (waitedMs > STREAM_PART * this.limits.holdMaxMs) this.closeStreams(waiter.request.exchange);
      if (waitedMs < this.limits.holdMaxMs) continue;
      this.waiters.delete(waiter);
      this.expired++;
      waiter.request.refuse(holdExpired());
    }
    this.pump();
    if (this.waiters.size > 0 && now - this.lastSettle > SETTLE_MS) this.askRows(this.isOverfull());
  }

  /** Of a session that has to follow another to the standby before this request can go on, and stays as long as a stream of it is open. */
  private closeStreams(exchange: Exchange): void {
    const parted = partedKeys(this.state, exchange.keys());
    if (parted.length === 0) return;
    // Before a log-in the stream's session had another id.
    const awaited = new Set(parted);
    for (const keys of this.state.together.values()) {
      if (keys.some((key) => awaited.has(key))) for (const key of keys) awaited.add(key);
    }
    for (const stream of [...this.inFlight.streams(this.state.active)]) {
      if (stream.keys().some((key) => awaited.has(key))) stream.stream?.close();
    }
  }

  private isOverfull(): boolean {
    return this.waiters.size > this.limits.maxHeldRequests;
  }

  /** Learns of holds that have ended; to make room, after letting all of them go. */
  private askRows(makeRoom: boolean): void {
    // Whoever needs room meanwhile has not been seen to.
    if (this.asking) this.askAgain ||= makeRoom;
    if (this.asking) return;
    this.asking = true;
    this.askAgain = false;
    this.lastSettle = performance.now();
    const released = makeRoom ? this.store.releaseHolds([...this.state.holds.keys()]) : Promise.resolve();
    void released
      .then(() => this.store.settleHolds())
      // The next sweeps ask again.
      .catch(() => (this.askAgain = false))
      .finally(() => {
        this.asking = false;
        this.pump();
        if (this.askAgain && this.isOverfull()) this.askRows(true);
      });
  }

  private recordWait(ms: number): void {
    if (this.waitsMs.length < MAX_WAITS) this.waitsMs.push(ms);
  }

  private stopSweep(): void {
    clearInterval(this.sweep);
    this.sweep = undefined;
  }
}
