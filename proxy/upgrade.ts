// WebSocket and other upgrades: through the same gate, then a raw tunnel, so that every subprotocol and extension passes.

import type { IncomingMessage, Server } from 'node:http';
import { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { forward } from './forward.js';
import type { Exchange } from './in-flight.js';
import type { PoolTraffic } from './pool-traffic.js';
import { WebSocketBoundary } from './websocket-boundary.js';

/** RFC 6455 section 5.5.1: FIN + close, two bytes of payload: 1012, service restart (IANA registry of RFC 6455 close codes). */
const CLOSE_1012 = Buffer.from([0x88, 0x02, 0x03, 0xf4]);

/** Within this a client has read what ends its stream. Chosen. */
const CLOSE_MS = 500;

/** Handles the server's 'upgrade' event. */
export function forwardUpgrade(
  server: Server,
  traffic: PoolTraffic,
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
): void {
  if (!canTunnel(request)) {
    declineUpgrade(server, request, client, head);
    return;
  }
  client.on('error', () => client.destroy());
  if (head.length > 0) client.unshift(head);
  // A refusal of the upgrade is an ordinary answer and is written as one.
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(client as Parameters<ServerResponse['assignSocket']>[0]);
  response.once('finish', () => client.end());
  forward(traffic, request, response, (exchange, statusCode, headers, upstream) => {
    response.detachSocket(client as Parameters<ServerResponse['detachSocket']>[0]);
    tunnel(traffic, exchange, client, upstream, statusLine(statusCode, headers));
  });
}

/** Not with a body, which would be taken for the new protocol; and not to HTTP/2, which we do not speak. */
function canTunnel({ headers }: IncomingMessage): boolean {
  const offersHttp2 = headers.upgrade?.split(',').some((protocol) => protocol.trim().toLowerCase() === 'h2c') ?? true;
  return !offersHttp2 && headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0';
}

/**
 * A server may ignore an upgrade (RFC 9110 section 7.8), and HTTP clients offer h2c with ordinary requests that have bodies. Node has
 * taken the connection away from its parser by now, so the request is given back to it without the offer.
 */
function declineUpgrade(server: Server, request: IncomingMessage, client: Duplex, head: Buffer): void {
  const offered = new Set(['upgrade', 'http2-settings']);
  let text = `${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/${request.httpVersion}\r\n`;
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i] ?? '';
    let value = request.rawHeaders[i + 1] ?? '';
    if (offered.has(name.toLowerCase())) continue;
    if (name.toLowerCase() === 'connection') {
      const options = value.split(',').filter((option) => !offered.has(option.trim().toLowerCase()));
      if (options.length === 0) continue;
      value = options.join(',');
    }
    text += `${name}: ${value}\r\n`;
  }
  client.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), head]));
  server.emit('connection', client);
}

function tunnel(traffic: PoolTraffic, exchange: Exchange, client: Duplex, upstream: Duplex, head: string): void {
  const boundary = new WebSocketBoundary();
  const isWebSocket = exchange.request.headers.upgrade?.toLowerCase() === 'websocket';
  client.write(head, 'latin1');
  upstream.on('data', (chunk: Buffer) => {
    if (isWebSocket) boundary.push(chunk);
    if (!client.write(chunk)) upstream.pause();
  });
  client.on('drain', () => upstream.resume());
  client.pipe(upstream);
  client.once('close', () => {
    upstream.destroy();
    traffic.inFlight.finish(exchange);
  });
  upstream.on('error', () => upstream.destroy());
  // What the machine sent last is still on its way to the client.
  upstream.once('close', () => {
    client.end(() => client.destroy());
    traffic.inFlight.finish(exchange);
  });
  traffic.inFlight.becameStream(exchange, () => {
    upstream.pause();
    // In the middle of a frame a close frame would be read as payload.
    if (isWebSocket && boundary.between) client.write(CLOSE_1012);
    client.end(() => upstream.destroy());
    // A client that reads nothing would keep its stream, and everybody who is held for its end.
    setTimeout(() => client.destroy(), CLOSE_MS).unref();
  });
}

function statusLine(statusCode: number, headers: readonly string[]): string {
  let head = `HTTP/1.1 ${statusCode} Switching Protocols\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i] ?? ''}: ${headers[i + 1] ?? ''}\r\n`;
  return `${head}\r\n`;
}
