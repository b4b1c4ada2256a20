// One request of a session at a time, for servers that lose one of two changes made at once: the next one waits here, unread, until the
// machine has answered the one before. Sessions that have no request keep nothing here.

import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { LimitsConfig } from '../config/types.js';
import { queueFull, sessionBusy } from './errors.js';
import type { Exchange } from './in-flight.js';
import { WaitingRequest } from './waiting-request.js';

interface Waiter {
  request: WaitingRequest<void>;
  timer: NodeJS.Timeout;
}

/** Those who have come for one session, under all ids that it has been seen with since. */
interface Line {
  keys: Set<string>;
  /** How many have their turn: several only where ids were found to be one session's while requests of each were running. */
  atOnce: number;
  /** In the order in which they came. */
  waiters: Waiter[];
}

export class Turns {
  private readonly lines = new Map<string, Line>();
  private readonly waiters = new Set<Waiter>();

  constructor(private readonly limits: Pick<LimitsConfig, 'holdMaxMs' | 'maxHeldRequests'>) {}

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.waiters.size;
  }

  /**
   * Null when the request may go at once: nothing of its session is running, or it names none. Otherwise a promise that resolves when it is
   * its turn and rejects with a ProxyError or ClientGone. The turn lasts until `exchange.turn.end()`.
   */
  take(exchange: Exchange, client: EventEmitter): Promise<void> | null {
    const keys = exchange.keys();
    if (keys.length === 0) return null;
    const line = this.lineOf(keys);
    if (line.atOnce === 0) {
      this.begin(line, exchange);
      return null;
    }
    if (this.waiters.size >= this.limits.maxHeldRequests) return Promise.reject(queueFull());
    const request = new WaitingRequest<void>(exchange, client, () => this.remove(waiter));
    const expire = (): void => {
      this.remove(waiter);
      request.refuse(sessionBusy());
    };
    const waiter: Waiter = { request, timer: setTimeout(expire, this.limits.holdMaxMs) };
    this.waiters.add(waiter);
    line.waiters.push(waiter);
    return request.outcome;
  }

  /**
   * A machine has answered with ids. They may be new names of the session that the request came for (a log-in); one that came for none has
   * begun a session, and the next of it may come before it is over.
   */
  answered(exchange: Exchange): void {
    const keys = exchange.allKeys();
    if (exchange.turn !== null) this.lineOf(keys);
    else if (exchange.keys().length === 0 && keys.length > 0) this.begin(this.lineOf(keys), exchange);
  }

  /** The client's connection is gone. A request that waits behind another one of a pipelining client hears it only here. */
  clientClosed(socket: Socket): void {
    for (const { request } of this.waiters) if (request.exchange.socket === socket) request.leave();
  }

  close(): void {
    for (const waiter of this.waiters) {
      this.remove(waiter);
      waiter.request.refuse(sessionBusy());
    }
  }

  /** The one line of these keys: those that they had by themselves become one, in the order in which their requests came. */
  private lineOf(keys: readonly string[]): Line {
    const [line = { keys: new Set<string>(), atOnce: 0, waiters: [] }, ...others] = new Set(
      keys.map((key) => this.lines.get(key)).filter((known) => known !== undefined),
    );
    for (const other of others) {
      line.atOnce += other.atOnce;
      line.waiters = [...line.waiters, ...other.waiters].sort((one, two) => one.request.since - two.request.since);
      for (const key of other.keys) line.keys.add(key);
    }
    for (const key of keys) line.keys.add(key);
    for (const key of line.keys) this.lines.set(key, line);
    return line;
  }

  private begin(line: Line, exchange: Exchange): void {
    line.atOnce++;
    exchange.turn = {
      end: () => {
        exchange.turn = null;
        this.end(exchange);
      },
    };
  }

  private end(exchange: Exchange): void {
    // By the keys and not as it was at the beginning: lines become one.
    const line = this.lineOf(exchange.allKeys());
    line.atOnce--;
    if (line.atOnce > 0) return;
    const [next] = line.waiters;
    if (next === undefined) {
      for (const key of line.keys) this.lines.delete(key);
      return;
    }
    this.remove(next);
    this.begin(line, next.request.exchange);
    next.request.goOn();
  }

  private remove(waiter: Waiter): void {
    clearTimeout(waiter.timer);
    this.waiters.delete(waiter);
    const line = this.lineOf(waiter.request.exchange.keys());
    line.waiters = line.waiters.filter((other) => other !== waiter);
  }
}
