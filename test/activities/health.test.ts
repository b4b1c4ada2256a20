import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { probe } from '../../activities/health.js';
import type { HealthConfig, MachineConfig } from '../../config/types.js';

async function machineThat(answers: RequestListener): Promise<MachineConfig> {
  const server = createServer(answers).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } as MachineConfig;
}

test('a machine that is too slow for its health check is told as that, and one that is not there by its code', async () => {
  const machine = await machineThat(() => undefined);
  const health = { path: '/health', status: 200, timeoutMs: 100 } as HealthConfig;

  expect(await probe(machine, health)).toBe('/health did not answer within 0.1 s');
  const nobody = { url: 'http://127.0.0.1:1' } as MachineConfig;
  expect(await probe(nobody, { ...health, timeoutMs: 60_000 })).toBe('/health did not answer (ECONNREFUSED)');
});

test('a machine that has several virtual hosts is asked for the one that is named', async () => {
  const machine = await machineThat(({ headers }, response) =>
    response.writeHead(headers.host === 'shop.example' ? 200 : 404).end(),
  );
  const health = { path: '/health', status: 200, timeoutMs: 10_000 } as HealthConfig;

  expect(await probe({ ...machine, host: 'shop.example' }, health)).toBeNull();
  expect(await probe(machine, health)).toBe('/health answered 404 instead of 200');
});
