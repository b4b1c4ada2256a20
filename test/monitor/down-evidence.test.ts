import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ProxyFleet } from '../../activities/proxy-fleet.js';
import { ASIDE_EVERY, DownEvidences } from '../../monitor/down-evidence.js';
import { openDatabase } from '../../state/database.js';
import { startTestProxy, TOKEN } from '../fixtures/proxy.js';

test('of a machine that answers the worker the others are asked now and then, and what they say is kept until they are asked again', async () => {
  let status = 500;
  const { pool, database: own } = await startTestProxy((_request, response) => response.writeHead(status).end());
  const database = openDatabase(own.url);
  const healthy = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
  onTestFinished(async () => {
    healthy.close();
    await database.end();
  });
  await new Promise((resolve) => healthy.once('listening', resolve));
  let asked = 0;
  const driver = {
    status: () => {
      asked++;
      return Promise.resolve({ power: 'off' as const, incarnation: null });
    },
  };
  const evidences = new DownEvidences({
    ...{ health: pool.health, driver, timeoutMs: 1000 },
    fleet: new ProxyFleet(database, pool.name, TOKEN),
  });
  const { signal } = new AbortController();
  // As the worker sees it, on a way of its own.
  const machine = { ...pool.machines[0], url: `http://127.0.0.1:${(healthy.address() as AddressInfo).port}` };
  const look = async (): Promise<string[]> => (await evidences.look(machine, signal)).map(({ kind }) => kind);

  expect(await look()).toEqual(['proxies', 'power']);
  status = 200;
  for (let times = 1; times < ASIDE_EVERY; times++) expect(await look()).toEqual(['proxies', 'power']);
  expect(asked).toBe(1);
  expect(await look()).toEqual(['power']);

  // When it does not answer the worker, everybody is asked at each look.
  const gone = { ...machine, url: 'http://127.0.0.1:1' };
  expect((await evidences.look(gone, signal)).map(({ kind }) => kind)).toEqual(['health', 'power']);
  await evidences.look(gone, signal);
  expect(asked).toBe(4);
});
