// Bodies that are under way while everything else moves: each half has gone before the restart begins, and the other comes when all that is left to
// do is to wait for them.

import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { nodeMachine } from '../../../demo/node-shop.js';
import type { PoolFile } from '../../../demo/installation.js';
import { inRepository } from '../../../embedded/examples.js';
import { statusQuery } from '../../../workflows/messages.js';
import { createTestInstallation } from '../../fixtures/installation.js';
import { bytesOf, Checked } from '../../fixtures/large-bodies/body.js';

const GIGABYTE = 2 ** 30;
const MAIN = inRepository('dist/test/fixtures/large-bodies/main.js');

async function largeBodies(directory: string): Promise<PoolFile> {
  const machine = (name: string): Promise<Record<string, unknown>> =>
    nodeMachine(directory, name, MAIN, ({ port }) => ({ PORT: String(port) }));
  return {
    pool: {
      machines: [await machine('node-a'), await machine('node-b')],
      sessions: { mechanism: 'shared-store', settleMs: 0 },
      limits: { requestTimeoutMs: 600_000 },
      health: { path: '/health', bootTimeoutMs: 60_000 },
    },
    secrets: {},
  };
}

test('a gigabyte up, a gigabyte down and a slow reader of HTTP/1.0 arrive whole through a clean restart, which waits for them', async () => {
  const { installation, startRestart } = await createTestInstallation(largeBodies);
  await installation.bootMachines();
  const { url } = await installation.startProxy();
  await installation.startWorker();
  const gate = new Gate();

  const [up, down, old] = [upload(url, gate), download(url, gate), downloadByHttp10(url, gate)];
  await expect.poll(() => gate.waiting).toBe(3);
  const restart = await startRestart();
  await expect.poll(async () => (await restart.query(statusQuery)).step).toBe('awaitDrain');
  gate.open();

  expect(await up).toEqual({ bytes: GIGABYTE, wrongAt: null });
  expect(await down).toMatchObject({ bytes: GIGABYTE, wrongAt: null });
  expect(await old).toMatchObject({ bytes: GIGABYTE / 16, wrongAt: null });
  expect(await restart.result()).toMatchObject({ from: 'node-a', to: 'node-b', sessionsNotMoved: 0 });
});

test('what comes in another place than it was sent from is found', () => {
  const [first, second, third] = bytesOf(3 * 65_536);
  const swapped = new Checked();
  for (const chunk of [first, third, second]) swapped.add(chunk as Buffer);

  expect(swapped).toMatchObject({ bytes: 3 * 65_536, wrongAt: 65_536 });
});

/** Lets nobody past until it is opened. */
class Gate {
  waiting = 0;
  private release: () => void = () => undefined;
  private readonly opened = new Promise<void>((resolve) => (this.release = resolve));

  open(): void {
    this.release();
  }

  pass(): Promise<void> {
    this.waiting++;
    return this.opened;
  }
}

async function upload(origin: string, gate: Gate): Promise<unknown> {
  const sending = request(`${origin}/`, { method: 'POST', headers: { 'content-length': GIGABYTE } });
  onTestFinished(() => void sending.destroy());
  let sent = 0;
  for (const chunk of bytesOf(GIGABYTE)) {
    if (!sending.write(chunk)) await once(sending, 'drain');
    sent += chunk.length;
    if (sent === GIGABYTE / 2) await gate.pass();
  }
  sending.end();
  const [response] = (await once(sending, 'response')) as [IncomingMessage];
  const chunks = (await response.toArray()) as Buffer[];
  return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
}

async function download(origin: string, gate: Gate): Promise<Checked> {
  const asking = request(`${origin}/?bytes=${GIGABYTE}`).end();
  onTestFinished(() => void asking.destroy());
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  return halfAndHalf(response, GIGABYTE, gate);
}

/** Its answer has no length and no chunks: it ends with the connection. */
async function downloadByHttp10(origin: string, gate: Gate): Promise<Checked> {
  const bytes = GIGABYTE / 16;
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  socket.write(`GET /?bytes=${bytes} HTTP/1.0\r\n\r\n`);
  return halfAndHalf(withoutHead(socket), bytes, gate);
}

async function* withoutHead(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (head === null) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) continue;
    yield head.subarray(end + 4);
    head = null;
  }
}

async function halfAndHalf(chunks: AsyncIterable<Buffer>, bytes: number, gate: Gate): Promise<Checked> {
  const read = new Checked();
  let waits = true;
  for await (const chunk of chunks) {
    read.add(chunk);
    if (!waits || read.bytes < bytes / 2) continue;
    waits = false;
    await gate.pass();
  }
  return read;
}
