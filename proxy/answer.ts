// A machine's answer on its way to the client, streamed with back-pressure: undici's low-level handler, raw header buffers in.

import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { answerError, isTimeout, noConnection, requestNeverCame, wasNeverSent } from './errors.js';
import { responseHeaders } from './headers.js';
import type { Exchange } from './in-flight.js';
import { hasReadableLinks } from './page-links.js';
import type { PoolTraffic } from './pool-traffic.js';

export type OnUpgrade = (exchange: Exchange, statusCode: number, headers: string[], upstream: Duplex) => void;

/** What a status line may hold besides its code (RFC 9112 section 4); Node refuses to write anything else. */
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

export class Answer {
  private resume: () => void = () => undefined;
  private abort: (error: Error) => void = () => undefined;
  private connected = false;
  /** While ids are being recorded nothing may reach the client; undici may deliver more all the same. */
  private blocked = false;
  /** undici was told to wait, and does so with the connection, whoever's answer comes next there. */
  private paused = false;
  private readonly pending: (() => void)[] = [];
  /** The client has left or was given an error: what the machine still sends is read and dropped. */
  private unwanted = false;
  /** The machine says nothing more. */
  private over = false;
  private notModified = false;
  private stalled: NodeJS.Timeout | undefined;

  constructor(
    private readonly traffic: PoolTraffic,
    private readonly exchange: Exchange,
    private readonly response: ServerResponse,
    private readonly upgraded: OnUpgrade | undefined,
  ) {
    exchange.giveUp = () => this.giveUp();
    exchange.clientLeft = () => this.clientLeft();
    response.once('close', exchange.clientLeft);
  }

  onConnect(abort: (error?: Error) => void): void {
    this.abort = abort;
    this.connected = true;
    if (this.exchange.isGivenUp) abort(new Error('The client has been answered already.'));
  }

  onRequestSent(): void {
    this.traffic.inFlight.sent(this.exchange);
  }

  /** A head leaves together with the first bytes of its body. */
  onBodySent(): void {
    this.traffic.inFlight.sent(this.exchange);
  }

  onHeaders(statusCode: number, raw: Buffer[], resume: () => void, statusText: string): boolean {
    this.resume = resume;
    const reason = REASON.test(statusText) ? statusText : '';
    if (statusCode < 200) {
      this.informational(statusCode, reason, raw);
      return true;
    }
    this.notModified = statusCode === 304;
    const { headers, carrying, contentType, contentEncoding } = responseHeaders(raw, this.traffic.ids);
    if (this.exchange.links !== null && !hasReadableLinks(contentType, contentEncoding)) this.exchange.links = null;
    this.traffic.answered(this.exchange, carrying);
    if (contentType.startsWith('text/event-stream')) this.becomeStream();
    this.traffic.totals.count(this.exchange.machine, statusCode, performance.now() - this.exchange.routedAt);
    const writeHead = (): void => {
      // undici reads no further once the machine has answered, so this connection has no next request.
      if (this.exchange.hasBody && !this.exchange.request.complete) this.response.shouldKeepAlive = false;
      if (!this.unwanted) this.response.writeHead(statusCode, reason, headers);
    };
    this.response.sendDate = false;
    if (carrying.length === 0 || !this.traffic.mustRecord(this.exchange)) {
      writeHead();
      return true;
    }
    this.recordFirst(writeHead);
    return this.pause();
  }

  onUpgrade(statusCode: number, raw: Buffer[], upstream: Duplex): void {
    const { carrying } = responseHeaders(raw, this.traffic.ids);
    this.traffic.answered(this.exchange, carrying);
    const headers = raw.map((part) => part.toString('latin1'));
    const tunnel = (): void => this.upgraded?.(this.exchange, statusCode, headers, upstream);
    const drop = (): void => {
      upstream.destroy();
      this.traffic.inFlight.finish(this.exchange);
    };
    if (carrying.length > 0 && this.traffic.mustRecord(this.exchange)) this.recordFirst(tunnel, drop);
    else if (this.unwanted) drop();
    else tunnel();
  }

  onData(chunk: Buffer): boolean {
    if (this.unwanted) return true;
    if (this.blocked) {
      this.pending.push(() => void this.pass(chunk));
      return this.pause();
    }
    if (this.pass(chunk)) return true;
    if (this.blocked) return this.pause();
    this.awaitReader();
    return false;
  }

  onComplete(trailers: readonly (string | Buffer)[] | null): void {
    this.over = true;
    if (this.unwanted) clearTimeout(this.stalled);
    // The machine has answered: what the client still has to read does not concern its sessions.
    this.traffic.inFlight.finish(this.exchange);
    const end = (): void => {
      if (this.unwanted) return;
      if (this.exchange.links?.end() === true && this.traffic.mustRecord(this.exchange)) return this.recordFirst(end);
      if (trailers !== null && trailers.length > 0) {
        const pairs: [string, string][] = [];
        for (let i = 0; i < trailers.length; i += 2) {
          pairs.push([latin1(trailers[i]), latin1(trailers[i + 1])]);
        }
        this.response.addTrailers(pairs);
      }
      this.response.end();
    };
    if (this.blocked) this.pending.push(end);
    else end();
  }

  onError(error: Error): void {
    this.over = true;
    clearTimeout(this.stalled);
    // Content-Length of a 304 is that of the body it leaves out (RFC 9110 section 8.6); undici waits for that body.
    if (this.notModified && isLengthMismatch(error)) {
      this.onComplete(null);
      return;
    }
    if (this.exchange.stream !== null || this.exchange.sentAt === null || wasNeverSent(error)) {
      this.traffic.inFlight.finish(this.exchange);
    } else {
      this.traffic.inFlight.abandon(this.exchange);
    }
    if (!this.unwanted && this.exchange.stream === null) {
      this.traffic.totals.countFailure(this.exchange.machine, isTimeout(error) ? 'timeout' : 'broken');
    }
    this.fail(error);
  }

  /** Nothing of the request has left within its time: the machine does not know it. */
  private giveUp(): void {
    this.traffic.inFlight.finish(this.exchange);
    if (!this.connected && !this.unwanted) this.traffic.totals.countFailure(this.exchange.machine, 'busy');
    this.fail(this.connected ? requestNeverCame() : noConnection());
    this.abort(new Error('The request did not leave in time.'));
  }

  private clientLeft(): void {
    if (this.unwanted) return;
    this.unwanted = true;
    clearTimeout(this.stalled);
    // Also the end of an answer that was read whole: nothing is awaited then.
    if (this.over) return;
    if (this.exchange.stream !== null) return this.abort(new Error('The client left the stream.'));
    // The machine's answer is awaited all the same: until then the request counts as in flight. But not one without end.
    this.resume();
    this.stalled = setTimeout(
      () => this.abort(new Error('Nobody waits for the rest of the answer.')),
      this.traffic.pool.limits.requestTimeoutMs,
    ).unref();
  }

  private becomeStream(): void {
    this.traffic.inFlight.becameStream(this.exchange, () => {
      this.response.end();
      this.abort(new Error('The stream was closed for a clean restart.'));
    });
    if (this.unwanted) this.abort(new Error('The client left before the stream began.'));
  }

  /** A client that reads nothing for as long as a machine may take to answer has stopped reading. */
  private awaitReader(): void {
    clearTimeout(this.stalled);
    this.stalled = setTimeout(() => this.response.destroy(), this.traffic.pool.limits.requestTimeoutMs);
    this.response.once('drain', () => {
      clearTimeout(this.stalled);
      this.resume();
    });
  }

  private fail(error: unknown): void {
    if (this.unwanted || this.response.writableEnded) return;
    this.unwanted = true;
    answerError(this.response, this.traffic.totals, error);
  }

  private pause(): false {
    this.paused = true;
    return false;
  }

  /** Returns whether more may come. */
  private pass(chunk: Buffer): boolean {
    const write = (): boolean => this.response.write(chunk);
    if (this.exchange.links?.read(chunk) !== true || !this.traffic.mustRecord(this.exchange)) return write();
    this.recordFirst(write);
    return false;
  }

  private recordFirst(then: () => void, otherwise: () => void = () => undefined): void {
    this.blocked = true;
    void this.traffic
      .record(this.exchange)
      .catch((error: unknown) => this.fail(error))
      .then(() => {
        this.blocked = false;
        if (this.unwanted) {
          otherwise();
          this.pending.length = 0;
        } else {
          then();
          // Each may find something that has to be recorded first.
          for (let next; !this.blocked && (next = this.pending.shift()) !== undefined;) next();
        }
        if (this.blocked || !this.paused) return;
        this.paused = false;
        this.resume();
      });
  }

  /** Written as bytes: Node's own methods refuse hints that HTTP allows. */
  private informational(statusCode: number, reason: string, raw: Buffer[]): void {
    const { socket, headersSent } = this.response;
    // RFC 9110 section 15.2: none to HTTP/1.0. Behind another answer of a pipelining client it would come out of order.
    if (this.exchange.request.httpVersion === '1.0' || socket === null || headersSent || this.unwanted) return;
    const { headers } = responseHeaders(raw, this.traffic.ids);
    let head = `HTTP/1.1 ${statusCode} ${reason}\r\n`;
    for (let i = 0; i < headers.length; i += 2) head += `${headers[i] ?? ''}: ${headers[i + 1] ?? ''}\r\n`;
    socket.write(`${head}\r\n`, 'latin1');
  }
}

function isLengthMismatch(error: Error): boolean {
  return 'code' in error && error.code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
}

function latin1(value: string | Buffer | undefined): string {
  return typeof value === 'string' ? value : (value?.toString('latin1') ?? '');
}
