// A request that waits in the proxy, unread, until it may go on, is refused, or its client leaves.

import type { EventEmitter } from 'node:events';
import type { Exchange } from './in-flight.js';

/** The client left while its request waited. */
export class ClientGone extends Error {}

export class WaitingRequest<T> {
  /** performance.now */
  readonly since = performance.now();
  /** Resolves with what `goOn` was told; rejects with what `refuse` was told, or with ClientGone. */
  readonly outcome: Promise<T>;
  private resolve: (value: T) => void = () => undefined;
  private reject: (error: Error) => void = () => undefined;

  /** `client` emits 'close' when the client leaves; `onGone` is called then, once. */
  constructor(
    readonly exchange: Exchange,
    private readonly client: EventEmitter,
    private readonly onGone: () => void,
  ) {
    this.outcome = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    client.once('close', this.leave);
  }

  goOn(value: T): void {
    this.client.off('close', this.leave);
    this.resolve(value);
  }

  refuse(error: Error): void {
    this.client.off('close', this.leave);
    this.reject(error);
  }

  /** The client's connection is gone. */
  readonly leave = (): void => {
    this.onGone();
    this.refuse(new ClientGone());
  };
}
