import { once } from 'node:events';
import type { Server } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import type { PoolReport } from '../../proxy/admin-api.js';
import { startTestProxy } from '../fixtures/proxy.js';

function echo(server: Server): void {
  const sockets = new WebSocketServer({ server, handleProtocols: (protocols) => [...protocols].at(-1) ?? false });
  sockets.on('connection', (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })));
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate();
  });
}

test('a WebSocket passes with its subprotocols and its frames', async () => {
  const { proxy, servers } = await startTestProxy((_request, response) => response.end());
  echo(servers[0]);
  const socket = new WebSocket(proxy.url.replace('http', 'ws'), ['first', 'second']);
  await once(socket, 'open');
  socket.send('hello');
  const [answer] = (await once(socket, 'message')) as [Buffer];

  expect(socket.protocol).toBe('second');
  expect(answer.toString()).toBe('hello');
  socket.close();
});

test('closing the streams ends a WebSocket with 1012, and it is no longer counted', async () => {
  const { proxy, servers, admin } = await startTestProxy((_request, response) => response.end());
  echo(servers[0]);
  const socket = new WebSocket(proxy.url.replace('http', 'ws'));
  await once(socket, 'open');
  const closed = once(socket, 'close');

  await admin('/pools/shop/streams/close', { method: 'POST', body: '{}' });

  const [code] = (await closed) as [number];
  expect(code).toBe(1012);
  const streams = async (): Promise<unknown> => ((await (await admin('/pools/shop')).json()) as PoolReport).streams['a'];
  await expect.poll(streams).toBe(0);
});

test('a refused upgrade is answered as the machine answered it', async () => {
  const { proxy, servers } = await startTestProxy((_request, response) => response.end());
  servers[0].on('upgrade', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'));
  const socket = new WebSocket(proxy.url.replace('http', 'ws'));
  socket.on('error', () => undefined);

  const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
  expect(answer.statusCode).toBe(403);
});
