// HTTP clients offer h2c with ordinary requests (Java's does by default): the offer is declined and the request is served.

import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { startTestProxy } from '../fixtures/proxy.js';

const OFFER = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';

test.each([
  ['a length', 'Content-Length: 7\r\n', 'payload'],
  ['chunks', 'Transfer-Encoding: chunked\r\n', '7\r\npayload\r\n0\r\n\r\n'],
])(
  'an offer of HTTP/2 with a body by %s is declined and the body arrives, also on a connection that is kept',
  async (_name, header, body) => {
    const { proxy } = await startTestProxy((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => response.end(`<${Buffer.concat(chunks).toString()} ${String(request.headers.upgrade)}>`));
    });
    const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));

    // The body follows in a packet of its own, as it does for a large one.
    socket.write(`POST / HTTP/1.1\r\nHost: shop\r\n${OFFER}${header}\r\n${body.slice(0, 3)}`);
    await once(socket, 'connect');
    socket.write(body.slice(3));
    await expect.poll(() => received).toContain('<payload undefined>');

    received = '';
    socket.write(`POST / HTTP/1.1\r\nHost: shop\r\n${OFFER}${header}\r\n${body}`);
    await expect.poll(() => received).toContain('<payload undefined>');
    socket.destroy();
  },
);
