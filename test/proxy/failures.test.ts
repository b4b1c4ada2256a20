import type { ServerResponse } from 'node:http';
import { request as httpRequest } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { PoolReport } from '../../proxy/admin-api.js';
import type { TestProxy } from '../fixtures/proxy.js';
import { startTestProxy } from '../fixtures/proxy.js';

async function counted({ admin }: TestProxy, which: 'inFlight' | 'unanswered'): Promise<number> {
  const report = (await (await admin('/pools/shop')).json()) as PoolReport;
  return report[which]['a'] ?? -1;
}

test('a machine that is down gives 502 with a request id and without its address', async () => {
  const running = await startTestProxy((_request, response) => response.end());
  await new Promise((resolve) => running.servers[0].close(resolve));

  const answer = await fetch(running.proxy.url);
  const text = await answer.text();

  expect(answer.status).toBe(502);
  expect(answer.headers.get('x-request-id') ?? text).toMatch(/[0-9a-f-]{8,}/);
  expect(text).not.toContain('127.0.0.1');
});

test('a machine that does not answer in time gives 504', async () => {
  const { proxy } = await startTestProxy(() => undefined, { requestTimeoutMs: 300 });

  expect((await fetch(proxy.url)).status).toBe(504);
});

test('a request whose client has left stays in flight until the machine has answered', async () => {
  const answers: ServerResponse[] = [];
  const running = await startTestProxy((_request, response) => void answers.push(response));
  const client = httpRequest(running.proxy.url).end();
  client.on('error', () => undefined);
  await expect.poll(() => answers.length).toBe(1);
  client.destroy();
  await new Promise((resolve) => client.once('close', resolve));

  await expect.poll(() => counted(running, 'inFlight')).toBe(1);
  answers[0]?.end('late');
  await expect.poll(() => counted(running, 'inFlight')).toBe(0);
});

test('a request whose machine broke off counts as running until its time-out', async () => {
  const running = await startTestProxy((request) => request.socket.destroy(), { requestTimeoutMs: 700 });

  expect((await fetch(running.proxy.url)).status).toBe(502);
  expect(await counted(running, 'unanswered')).toBe(1);
  await expect.poll(() => counted(running, 'unanswered'), { timeout: 5000 }).toBe(0);
});

test('a proxy that ends without its database says so and leaves nothing behind', async () => {
  const { proxy, database } = await startTestProxy((_request, response) => response.end('served'));
  await database.drop();
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  onTestFinished(() => said.mockRestore());

  await proxy.close();

  expect(said).toHaveBeenCalledWith(expect.stringContaining('While ending'));
  for (const url of [proxy.url, proxy.adminUrl]) await expect(fetch(url)).rejects.toThrow('fetch failed');
});

test('traffic of a steady pool flows on without its database', async () => {
  const { proxy, database } = await startTestProxy((_request, response) => response.end('served'));
  await database.drop();

  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => (await fetch(proxy.url, { headers: { cookie: 'sid=1' } })).text()),
  );

  expect(new Set(answers)).toEqual(new Set(['served']));
});
