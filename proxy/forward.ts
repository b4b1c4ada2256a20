// One request to one machine and its answer back, streamed both ways with back-pressure.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import { ClientGone } from './gate.js';
import { ProxyError, upstreamError, wasNeverSent } from './errors.js';
import { requestHeaders, responseHeaders } from './headers.js';
import { Exchange } from './in-flight.js';
import type { PoolTraffic } from './pool-traffic.js';
import type { Totals } from './totals.js';

export type OnUpgrade = (exchange: Exchange, statusCode: number, headers: string[], upstream: Duplex) => void;

/** Sends a request where it belongs. Returns once it is on its way or waits in the gate; never throws. */
export function forward(
  traffic: PoolTraffic,
  totals: Totals,
  request: IncomingMessage,
  response: ServerResponse,
  onUpgrade?: OnUpgrade,
): void {
  const exchange = new Exchange(request, traffic.pool.sessionId, traffic.hash);
  const admitted = traffic.gate.admit(exchange, response);
  if (typeof admitted === 'string') {
    dispatch(traffic, totals, exchange, response, admitted, onUpgrade);
    return;
  }
  admitted.then(
    (machine) => dispatch(traffic, totals, exchange, response, machine, onUpgrade),
    (error: unknown) => {
      if (!(error instanceof ClientGone)) answerError(response, totals, error);
    },
  );
}

function dispatch(
  traffic: PoolTraffic,
  totals: Totals,
  exchange: Exchange,
  response: ServerResponse,
  machine: string,
  onUpgrade: OnUpgrade | undefined,
): void {
  const { request } = exchange;
  const handler = new ForwardHandler(traffic, totals, exchange, response, onUpgrade);
  const hasBody = request.headers['transfer-encoding'] !== undefined || (request.headers['content-length'] ?? '0') !== '0';
  try {
    traffic.machines.get(machine).dispatch(
      {
        path: request.url ?? '/',
        // Any token is a method (RFC 9110 section 9.1); undici's type knows only the common ones.
        method: request.method as Dispatcher.HttpMethod,
        headers: requestHeaders(request),
        body: hasBody ? request : null,
        ...(onUpgrade && request.headers.upgrade !== undefined ? { upgrade: request.headers.upgrade } : {}),
      },
      handler,
    );
  } catch (error) {
    handler.onError(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Answers an error as JSON when the head has not left; otherwise all that is left is to break the connection. */
export function answerError(response: ServerResponse, totals: Totals, cause: unknown): void {
  const error = cause instanceof ProxyError ? cause : upstreamError(cause);
  totals.count('proxy', error.status);
  if (response.headersSent || response.destroyed) {
    // HTTP/1.0 knows no other end of a body than that of the connection: only a reset tells the client that this is none.
    if (response.req.httpVersion === '1.0') response.socket?.resetAndDestroy();
    response.destroy();
    return;
  }
  const requestId = crypto.randomUUID();
  const body = JSON.stringify({ code: error.code, message: error.message, remedy: error.remedy, requestId });
  response.writeHead(error.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
    ...(error.status === 503 ? { 'retry-after': '1' } : {}),
    connection: 'close',
  });
  response.end(body);
}

/** undici's low-level handler: raw header buffers in, `false` out for back-pressure. */
class ForwardHandler {
  private resume: () => void = () => undefined;
  private abort: (error: Error) => void = () => undefined;
  /** While ids are being recorded nothing may reach the client; undici may deliver more all the same. */
  private blocked = false;
  private readonly pending: (() => void)[] = [];
  /** The client has left or was given an error: what the machine still sends is read and dropped. */
  private unwanted = false;
  private notModified = false;

  constructor(
    private readonly traffic: PoolTraffic,
    private readonly totals: Totals,
    private readonly exchange: Exchange,
    private readonly response: ServerResponse,
    private readonly upgraded: OnUpgrade | undefined,
  ) {
    response.once('close', () => {
      this.unwanted = true;
      // The machine's answer is awaited all the same: until then the request counts as in flight.
      if (exchange.stream === null) this.resume();
      else this.abort(new Error('The client left the stream.'));
    });
  }

  onConnect(abort: (error?: Error) => void): void {
    this.abort = abort;
  }

  onHeaders(statusCode: number, raw: Buffer[], resume: () => void, statusText: string): boolean {
    this.resume = resume;
    if (statusCode < 200) {
      this.informational(statusCode, statusText, raw);
      return true;
    }
    this.notModified = statusCode === 304;
    const { headers, setCookies, contentType } = responseHeaders(raw);
    this.exchange.setCookies = setCookies;
    if (contentType.startsWith('text/event-stream')) {
      this.traffic.inFlight.becameStream(this.exchange, () => {
        this.response.end();
        this.abort(new Error('The stream was closed for a clean restart.'));
      });
      if (this.unwanted) this.abort(new Error('The client left before the stream began.'));
    }
    this.totals.count(this.exchange.machine, statusCode);
    const writeHead = (): void => {
      if (!this.unwanted) this.response.writeHead(statusCode, statusText, headers);
    };
    this.response.sendDate = false;
    if (setCookies.length === 0 || !this.traffic.mustRecord(this.exchange)) {
      writeHead();
      return true;
    }
    this.recordFirst(writeHead);
    return false;
  }

  onUpgrade(statusCode: number, raw: Buffer[], upstream: Duplex): void {
    const setCookies = responseHeaders(raw).setCookies;
    this.exchange.setCookies = setCookies;
    const headers = raw.map((part) => part.toString('latin1'));
    const tunnel = (): void => this.upgraded?.(this.exchange, statusCode, headers, upstream);
    const drop = (): void => {
      upstream.destroy();
      this.traffic.inFlight.finish(this.exchange);
    };
    if (setCookies.length > 0 && this.traffic.mustRecord(this.exchange)) this.recordFirst(tunnel, drop);
    else if (this.unwanted) drop();
    else tunnel();
  }

  onData(chunk: Buffer): boolean {
    if (this.unwanted) return true;
    if (this.blocked) {
      this.pending.push(() => void this.response.write(chunk));
      return false;
    }
    if (this.response.write(chunk)) return true;
    this.response.once('drain', this.resume);
    return false;
  }

  onComplete(trailers: readonly (string | Buffer)[] | null): void {
    // The machine has answered: what the client still has to read does not concern its sessions.
    this.traffic.inFlight.finish(this.exchange);
    const end = (): void => {
      if (this.unwanted) return;
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
    // Content-Length of a 304 is that of the body it leaves out (RFC 9110 section 8.6); undici waits for that body.
    if (this.notModified && isLengthMismatch(error)) {
      this.onComplete(null);
      return;
    }
    if (this.exchange.stream !== null || wasNeverSent(error)) this.traffic.inFlight.finish(this.exchange);
    else this.traffic.inFlight.abandon(this.exchange);
    this.fail(error);
  }

  private fail(error: unknown): void {
    if (this.unwanted || this.response.writableEnded) return;
    this.unwanted = true;
    answerError(this.response, this.totals, error);
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
        } else {
          then();
          for (const write of this.pending) write();
        }
        this.pending.length = 0;
        this.resume();
      });
  }

  /** Written as bytes: Node's own methods refuse hints that HTTP allows. */
  private informational(statusCode: number, statusText: string, raw: Buffer[]): void {
    const { socket, headersSent } = this.response;
    // RFC 9110 section 15.2: none to HTTP/1.0. Behind another answer of a pipelining client it would come out of order.
    if (this.exchange.request.httpVersion === '1.0' || socket === null || headersSent || this.unwanted) return;
    const { headers } = responseHeaders(raw);
    let head = `HTTP/1.1 ${statusCode} ${statusText}\r\n`;
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
