// WebSocket and other upgrades: through the same gate, then a raw tunnel, so that every subprotocol and extension passes.

import type { IncomingMessage } from 'node:http';
import { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { forward } from './forward.js';
import type { Exchange } from './in-flight.js';
import type { PoolTraffic } from './pool-traffic.js';
import type { Totals } from './totals.js';
import { WebSocketBoundary } from './websocket-boundary.js';

/** RFC 6455 section 5.5.1: FIN + close, two bytes of payload: 1012, service restart (IANA registry of RFC 6455 close codes). */
const CLOSE_1012 = Buffer.from([0x88, 0x02, 0x03, 0xf4]);

/** Handles the server's 'upgrade' event. */
export function forwardUpgrade(
  traffic: PoolTraffic,
  totals: Totals,
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
): void {
  client.on('error', () => client.destroy());
  if (head.length > 0) client.unshift(head);
  // A refusal of the upgrade is an ordinary answer and is written as one.
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(client as Parameters<ServerResponse['assignSocket']>[0]);
  response.once('finish', () => client.end());
  forward(traffic, totals, request, response, (exchange, statusCode, headers, upstream) => {
    response.detachSocket(client as Parameters<ServerResponse['detachSocket']>[0]);
    tunnel(traffic, exchange, client, upstream, statusLine(statusCode, headers));
  });
}

function tunnel(traffic: PoolTraffic, exchange: Exchange, client: Duplex, upstream: Duplex, head: string): void {
  const boundary = new WebSocketBoundary();
  const isWebSocket = exchange.request.headers.upgrade?.toLowerCase() === 'websocket';
  const end = (): void => {
    client.destroy();
    upstream.destroy();
    traffic.inFlight.finish(exchange);
  };
  client.write(head, 'latin1');
  upstream.on('data', (chunk: Buffer) => {
    if (isWebSocket) boundary.push(chunk);
    if (!client.write(chunk)) upstream.pause();
  });
  client.on('drain', () => upstream.resume());
  client.pipe(upstream);
  for (const side of [client, upstream]) {
    side.once('close', end);
    side.once('error', end);
  }
  upstream.once('end', () => client.end());
  traffic.inFlight.becameStream(exchange, () => {
    upstream.pause();
    // In the middle of a frame a close frame would be read as payload.
    if (isWebSocket && boundary.between) client.write(CLOSE_1012);
    client.end(() => upstream.destroy());
  });
}

function statusLine(statusCode: number, headers: readonly string[]): string {
  let head = `HTTP/1.1 ${statusCode} Switching Protocols\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i] ?? ''}: ${headers[i + 1] ?? ''}\r\n`;
  return `${head}\r\n`;
}
