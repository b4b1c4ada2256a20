import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Relay } from '../../chaos/relay.js';
import { startRelay } from '../fixtures/relay.js';

/** A relay to a server that says something at first, and then everything back. */
async function startEcho(greeting = ''): Promise<Relay> {
  const server = createServer((socket) => {
    socket.write(greeting);
    socket.on('error', () => undefined).pipe(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return startRelay(`127.0.0.1:${(server.address() as AddressInfo).port}`);
}

async function open({ address }: Relay): Promise<{ socket: Socket; heard: () => string; isClosed: () => boolean }> {
  const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let text = '';
  let closed = false;
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.on('error', () => undefined).on('close', () => (closed = true));
  await once(socket, 'connect');
  return { socket, heard: () => text, isClosed: () => closed };
}

/** As long as something takes to come back on another way. */
async function roundTrip(): Promise<void> {
  const { socket, heard } = await open(await startEcho());
  socket.write('there and back');
  await expect.poll(heard).toBe('there and back');
}

test('what is said arrives in its order, also while the way is slow', async () => {
  const relay = await startEcho();
  const { socket, heard } = await open(relay);
  socket.write('one ');
  await expect.poll(heard).toBe('one ');
  relay.slow(30);
  for (const word of ['two ', 'three ']) socket.write(word);
  await expect.poll(heard).toBe('one two three ');
});

test('a way that is stopped ends nothing, and lets everything through when it is open again', async () => {
  const relay = await startEcho();
  const { socket, heard, isClosed } = await open(relay);
  relay.stop();
  socket.write('held back');
  const other = await open(relay);
  other.socket.write('too');
  await roundTrip();
  expect([heard(), other.heard(), isClosed()]).toEqual(['', '', false]);
  relay.open();
  await expect.poll(() => [heard(), other.heard()]).toEqual(['held back', 'too']);
});

test('a way that is silenced still lets through what clients are told', async () => {
  const relay = await startEcho('hello ');
  relay.silence();
  const { socket, heard } = await open(relay);
  socket.write('held back');
  await expect.poll(heard).toBe('hello ');
  await roundTrip();
  expect(heard()).toBe('hello ');
  relay.open();
  await expect.poll(heard).toBe('hello held back');
});

test('a way that is cut ends what went through it, loses what was held back, and refuses until it is open again', async () => {
  const relay = await startEcho();
  const before = await open(relay);
  relay.stop();
  before.socket.write('lost');
  relay.cut();
  await expect.poll(before.isClosed).toBe(true);
  const refused = await open(relay);
  await expect.poll(refused.isClosed).toBe(true);
  relay.open();
  const after = await open(relay);
  after.socket.write('again');
  await expect.poll(after.heard).toBe('again');
  expect(before.heard()).toBe('');
});
