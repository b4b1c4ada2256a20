import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import type { MachineStatus } from '../../activities/hypervisor/driver.js';
import type { PoolConfig } from '../../config/types.js';
import { StandbyLookout } from '../../monitor/standby-lookout.js';

const LOOKS = 3;

interface Looking {
  /** What is open, by what it is about. */
  open: Map<string, string>;
  world: { power: MachineStatus['power']; status: number };
  look: (times: number, machine?: 'a' | 'b' | null) => Promise<void>;
}

async function looking(standby: PoolConfig['standby']): Promise<Looking> {
  const open = new Map<string, string>();
  const world: Looking['world'] = { power: 'on', status: 200 };
  const server = createServer((_request, response) => response.writeHead(world.status).end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const machines = [
    { name: 'a', url },
    { name: 'b', url },
  ];
  const health = { path: '/', status: 200, timeoutMs: 5000 };
  const pool = { name: 'shop', standby, machines, health, monitor: { timeoutMs: 5000, down: { looks: LOOKS } } };
  const driver = {
    status: () => Promise.resolve({ power: world.power, incarnation: null }),
    verify: () => Promise.resolve(),
  };
  const lookout = new StandbyLookout(pool as unknown as PoolConfig, driver, {
    anomaly: (about, evidence) => (evidence === null ? open.delete(about) : open.set(about, evidence).size > 0),
    tell: () => Promise.resolve(),
  });
  return {
    ...{ open, world },
    async look(times, name = 'b') {
      const machine = pool.machines.find((one) => one.name === name) ?? null;
      for (let count = 0; count < times; count++)
        await lookout.look(machine as PoolConfig['machines'][0] | null, new AbortController().signal);
    },
  };
}

test('a standby that runs and is ill is told of after some looks in a row, and is over at the first that finds it well', async () => {
  const { open, world, look } = await looking('hot');
  world.status = 503;

  await look(LOOKS - 1);
  expect(open.size).toBe(0);
  await look(1);
  expect(open.get('standby b')).toBe(
    'the standby b could not take over: b runs, and / answered 503 instead of 200. What is missing tells: vm-rejuv check shop',
  );
  world.status = 200;
  await look(1);
  expect(open.size).toBe(0);
});

test('a hot standby that is off is told of, and a cold one is right so', async () => {
  const [hot, cold] = [await looking('hot'), await looking('cold')];
  for (const { world, look } of [hot, cold]) {
    world.power = 'off';
    await look(LOOKS);
  }

  expect(hot.open.get('standby b')).toContain('Start it: vm-rejuv boot shop');
  expect(cold.open.size).toBe(0);
});

test('looks before and after a restart are not in a row, and of a machine that is active since nothing is open', async () => {
  const { open, world, look } = await looking('hot');
  world.power = 'off';

  await look(LOOKS - 1);
  await look(1, null);
  await look(LOOKS - 1);
  expect(open.size).toBe(0);
  await look(1);
  expect([...open.keys()]).toEqual(['standby b']);
  world.power = 'on';
  await look(1, 'a');
  expect(open.size).toBe(0);
});
