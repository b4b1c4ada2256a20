// Requests that a machine has not answered yet. In a steady pool an entry costs an object and no look at its cookies.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { SessionKeyHash } from '../state/session-key.js';
import type { PageLinks } from './page-links.js';
import type { CarryingHeader, SessionIds } from './session-ids.js';

/** One request on its way. */
export class Exchange {
  machine = '';
  /** The epoch that it was routed by. */
  epoch = 0;
  /** When it was given to its machine (performance.now). */
  routedAt = 0;
  /** When its head had left for the machine, or null: until then it waits for a connection or the beginning of its body. */
  sentAt: number | null = null;
  /** WebSockets and event streams do not end by themselves: a drain does not wait for them, it closes them at its end. */
  stream: { close(): void } | null = null;
  /** Nobody else of its session may go before it has been answered; null where that is no matter, or over. */
  turn: { end(): void } | null = null;
  /** The connection broke before the answer: the machine may still be executing it. */
  unanswered = false;
  /** It was answered by us before it left: it must not leave any more. */
  isGivenUp = false;
  /** Headers of the answer that may set ids: one that the primary just set belongs to this request while it runs. */
  carrying: readonly CarryingHeader[] = [];
  /** Links of the answer's page, which may be all that names a session; null where they need not be looked at. */
  links: PageLinks | null = null;
  /** Where it stands in `InFlight`, which alone changes this; -1 outside. */
  position = -1;
  /** Kept apart: undici takes it away from a request whose body it has given up. */
  readonly socket: Socket;
  readonly hasBody: boolean;
  giveUp: () => void = () => undefined;
  clientLeft: () => void = () => undefined;
  private requestKeys: readonly string[] | undefined;

  constructor(
    readonly request: IncomingMessage,
    private readonly ids: SessionIds,
    private readonly hash: SessionKeyHash,
  ) {
    this.socket = request.socket;
    const { headers } = request;
    this.hasBody = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
  }

  /** Keys that the request came with; computed once, when first asked for. */
  keys(): readonly string[] {
    const { headers, url = '/' } = this.request;
    this.requestKeys ??= this.ids.ofRequest({ headers, url }).map(this.hash);
    return this.requestKeys;
  }

  /** Keys that the answer sets. */
  responseKeys(): string[] {
    if (this.carrying.length === 0 && this.links === null) return [];
    return this.ids.ofAnswer(this.carrying, this.links).map(this.hash);
  }

  allKeys(): string[] {
    return [...this.keys(), ...this.responseKeys()];
  }
}

/** How often requests are looked at that have not left. Chosen: fine against any request's time-out. */
const SWEEP_MS = 1000;

/** The exchanges of one pool, and those who wait for them to change. */
export class InFlight {
  /** In no order, and no Set: docs/decisions.md. */
  private readonly exchanges: Exchange[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly lingering = new Set<NodeJS.Timeout>();

  private readonly sweep: NodeJS.Timeout;

  constructor(
    private readonly requestTimeoutMs: number,
    /** Called when one is over. */
    private readonly ended: (exchange: Exchange) => void = () => undefined,
  ) {
    this.sweep = setInterval(() => this.giveUpUnsent(), SWEEP_MS).unref();
  }

  add(exchange: Exchange, machine: string, epoch: number): void {
    exchange.machine = machine;
    exchange.epoch = epoch;
    exchange.routedAt = performance.now();
    exchange.position = this.exchanges.push(exchange) - 1;
  }

  sent(exchange: Exchange): void {
    if (exchange.sentAt !== null) return;
    exchange.sentAt = performance.now();
    this.changed();
  }

  /** The client's connection is gone. An answer that waits behind another one of a pipelining client hears it only here. */
  clientClosed(socket: Socket): void {
    for (const exchange of [...this.exchanges]) if (exchange.socket === socket) exchange.clientLeft();
  }

  /** The machine has answered, or never got the request. */
  finish(exchange: Exchange): void {
    const { position } = exchange;
    const last = this.exchanges.at(-1);
    if (position < 0 || last === undefined) return;
    // The last one takes its place.
    this.exchanges[position] = last;
    last.position = position;
    this.exchanges.pop();
    exchange.position = -1;
    this.ended(exchange);
    this.changed();
    exchange.turn?.end();
  }

  /** The connection broke: counts as busy until the machine has certainly given up. */
  abandon(exchange: Exchange): void {
    if (exchange.position < 0 || exchange.unanswered) return;
    exchange.unanswered = true;
    const timer = setTimeout(() => {
      this.lingering.delete(timer);
      this.finish(exchange);
    }, this.requestTimeoutMs);
    timer.unref();
    this.lingering.add(timer);
    this.changed();
    // Of a request that has not come whole there is nothing to wait for: an upload that its user has broken off.
    if (exchange.hasBody && !exchange.request.complete) exchange.turn?.end();
  }

  /** A request turned into a stream: no longer waited for. */
  becameStream(exchange: Exchange, close: () => void): void {
    let isClosed = false;
    exchange.stream = {
      close: () => {
        if (!isClosed) close();
        isClosed = true;
      },
    };
    this.changed();
    exchange.turn?.end();
  }

  /** A machine has lost its place: it is restarted or fenced, and what it has not answered keeps nobody waiting who goes to the other. */
  lostPlace(machine: string): void {
    for (const exchange of [...this.exchanges]) if (exchange.machine === machine) exchange.turn?.end();
  }

  *requests(machine: string): Generator<Exchange> {
    for (const exchange of this.exchanges) if (exchange.machine === machine && exchange.stream === null) yield exchange;
  }

  *streams(machine: string): Generator<Exchange> {
    for (const exchange of this.exchanges) if (exchange.machine === machine && exchange.stream !== null) yield exchange;
  }

  get size(): number {
    return this.exchanges.length;
  }

  /** Without those whose connection to the machine broke: nothing more will come of them. */
  get answerable(): number {
    return this.exchanges.filter(({ unanswered }) => !unanswered).length;
  }

  closeStreams(): void {
    for (const { stream } of [...this.exchanges]) stream?.close();
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    clearInterval(this.sweep);
    for (const timer of this.lingering) clearTimeout(timer);
    this.lingering.clear();
  }

  private giveUpUnsent(): void {
    const before = performance.now() - this.requestTimeoutMs;
    for (const exchange of [...this.exchanges]) {
      if (exchange.sentAt !== null || exchange.routedAt > before || exchange.isGivenUp) continue;
      exchange.isGivenUp = true;
      exchange.giveUp();
    }
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
