// Requests that a machine has not answered yet. In a steady pool an entry costs an object and no look at its cookies.

import type { IncomingMessage } from 'node:http';
import type { SessionIdConfig } from '../config/types.js';
import type { SessionKeyHash } from '../state/session-key.js';
import { requestIds, responseIds } from './session-ids.js';

/** One request on its way. */
export class Exchange {
  machine = '';
  sentAt = 0;
  /** WebSockets and event streams do not end by themselves and do not make their keys busy. */
  stream: { close(): void } | null = null;
  /** The connection broke before the answer: the machine may still be executing it. */
  unanswered = false;
  /** Set-Cookie values of the answer: an id that the primary just set belongs to this request while it runs. */
  setCookies: readonly string[] = [];
  private requestKeys: readonly string[] | undefined;

  constructor(
    readonly request: IncomingMessage,
    private readonly ids: SessionIdConfig,
    private readonly hash: SessionKeyHash,
  ) {}

  /** Keys that the request came with; computed once, when first asked for. */
  keys(): readonly string[] {
    this.requestKeys ??= requestIds({ cookie: this.request.headers.cookie, url: this.request.url ?? '/' }, this.ids).map(
      this.hash,
    );
    return this.requestKeys;
  }

  /** Keys that the answer sets. */
  responseKeys(): string[] {
    return this.setCookies.length === 0 ? [] : responseIds(this.setCookies, this.ids).map(this.hash);
  }

  allKeys(): string[] {
    return [...this.keys(), ...this.responseKeys()];
  }
}

/** The set of exchanges of one pool, and those who wait for it to change. */
export class InFlight {
  private readonly exchanges = new Set<Exchange>();
  private readonly listeners = new Set<() => void>();
  private readonly lingering = new Set<NodeJS.Timeout>();

  constructor(private readonly requestTimeoutMs: number) {}

  add(exchange: Exchange, machine: string): void {
    exchange.machine = machine;
    exchange.sentAt = performance.now();
    this.exchanges.add(exchange);
  }

  /** The machine has answered, or never got the request. */
  finish(exchange: Exchange): void {
    if (this.exchanges.delete(exchange)) this.changed();
  }

  /** The connection broke: counts as busy until the machine has certainly given up. */
  abandon(exchange: Exchange): void {
    if (!this.exchanges.has(exchange) || exchange.unanswered) return;
    exchange.unanswered = true;
    const timer = setTimeout(() => {
      this.lingering.delete(timer);
      this.finish(exchange);
    }, this.requestTimeoutMs);
    timer.unref();
    this.lingering.add(timer);
    this.changed();
  }

  /** A request turned into a stream: no longer waited for. */
  becameStream(exchange: Exchange, close: () => void): void {
    exchange.stream = { close };
    this.changed();
  }

  *requests(machine: string): Generator<Exchange> {
    for (const exchange of this.exchanges) if (exchange.machine === machine && exchange.stream === null) yield exchange;
  }

  *streams(machine: string): Generator<Exchange> {
    for (const exchange of this.exchanges) if (exchange.machine === machine && exchange.stream !== null) yield exchange;
  }

  get size(): number {
    return this.exchanges.size;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    for (const timer of this.lingering) clearTimeout(timer);
    this.lingering.clear();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
