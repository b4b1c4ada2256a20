// The hypervisor is made up here: whole fail-overs are in test/slow/workflows/fail-over.test.ts.

import type { RequestListener } from 'node:http';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../state/database.js';
import { bringBack } from '../../activities/fail-over/bring-back.js';
import { fence } from '../../activities/fail-over/fence.js';
import type { Rescued } from '../../activities/fail-over/rescue-sessions.js';
import { route } from '../../activities/fail-over/route.js';
import type { HypervisorDriver, MachineStatus } from '../../activities/hypervisor/driver.js';
import { readPool } from '../../state/pool.js';
import type { AttemptedPool } from '../fixtures/attempts.js';
import { startAttempts } from '../fixtures/attempts.js';

const FENCED = { isFenced: true };

interface Failing extends AttemptedPool {
  pair: { from: string; to: string };
  /** What was asked of the hypervisor and of the session mechanism, in order. */
  asked: string[];
  power: { is: MachineStatus['power'] };
  /** Runs work as this attempt, which knows what the one before has told. */
  run: <T>(work: () => Promise<T>, attempt?: number) => Promise<T>;
}

/** A steady pool in the middle of a fail-over, whose store has two sessions of the machine that has failed. */
async function failing(answer: RequestListener = (_request, response) => void response.end()): Promise<Failing> {
  const asked: string[] = [];
  const power: Failing['power'] = { is: 'off' };
  const rescuing = {
    rescue: () => {
      asked.push('rescue');
      return Promise.resolve(2);
    },
    forsake: () => {
      asked.push('forsake');
      return Promise.resolve();
    },
  };
  const running = await startAttempts(answer, rescuing, 'steady');
  const { active: from, standby: to } = await readPool(running.store, running.pool.name);
  const status = (): Promise<MachineStatus> => Promise.resolve({ power: power.is, incarnation: power.is === 'on' ? '1' : null });
  const driver: Partial<HypervisorDriver> = {
    status,
    keep: () => Promise.resolve(),
    stop: () => {
      if (power.is === 'on') asked.push('stop');
      power.is = 'off';
      return Promise.resolve();
    },
    start: () => {
      asked.push('start');
      power.is = 'on';
      return status();
    },
  };
  const deps = { ...running.deps, driverFor: () => driver as HypervisorDriver };
  let heartbeatDetails: unknown;
  const run = async <T>(work: () => Promise<T>, attempt = 1): Promise<T> => {
    const environment = new MockActivityEnvironment({ attempt, heartbeatDetails });
    environment.on('heartbeat', (details: unknown) => (heartbeatDetails = details));
    return environment.run<[], T, () => Promise<T>>(work);
  };
  return { ...running, deps, pair: { from, to }, asked, power, run };
}

test('a machine that is well when it is to be fenced is left alone at every attempt, until one has asked it to end', async () => {
  let isIll = false;
  const { deps, pool, pair, asked, power, run } = await failing((_request, response) => {
    response.statusCode = isIll ? 500 : 200;
    response.end();
  });
  const fenceBy = (given: typeof deps, attempt: number): Promise<void> => run(() => fence(given, pool.name, pair.from), attempt);
  power.is = 'on';

  const nowhere = openDatabase('postgres://nobody@127.0.0.1:1/none');
  onTestFinished(() => nowhere.end());
  await expect(fenceBy({ ...deps, database: nowhere }, 1)).rejects.toMatchObject({ type: 'DATABASE_UNREACHABLE' });
  await expect(fenceBy(deps, 2)).rejects.toMatchObject({ type: 'ACTIVE_RECOVERED' });
  expect(asked).toEqual([]);

  isIll = true;
  const driver = { ...deps.driverFor(pool), stop: () => Promise.reject(new Error('The hypervisor has gone.')) };
  await expect(fenceBy({ ...deps, driverFor: () => driver }, 3)).rejects.toThrow('The hypervisor has gone.');
  // It may answer while it ends.
  isIll = false;
  await fenceBy(deps, 4);
  expect(asked).toEqual(['stop']);
});

test('a machine that somebody has started since its sessions were rescued is ended, and they are rescued again', async () => {
  const { deps, pool, store, pair, asked, power, run } = await failing();
  const routed = (): Promise<Rescued | null> => run(() => route(deps, pool.name, pair, FENCED));
  power.is = 'on';

  expect(await routed()).toEqual({ saved: 2, lost: null });

  expect(asked).toEqual(['stop', 'rescue']);
  expect(await readPool(store, pool.name)).toMatchObject({ active: pair.to, standby: pair.from });
  // An attempt after that finds it as the standby, which may run.
  power.is = 'on';
  expect(await routed()).toBeNull();
  expect(asked).toEqual(['stop', 'rescue']);
  expect(await readPool(store, pool.name)).toMatchObject({ active: pair.to });
});

test.each([
  ['the next attempt', FENCED, 2],
  ['the first attempt of an operator\'s "retry"', { ...FENCED, isRepeated: true }, 1],
])('sessions of a machine that an attempt has ended, and not come to, are rescued by %s', async (_who, options, attempt) => {
  const { deps, pool, pair, asked, run } = await endedAndNotRescued();

  expect(await run(() => route(deps, pool.name, pair, options), attempt)).toEqual({ saved: 2, lost: null });

  expect(asked).toEqual(['stop', 'rescue']);
});

test('an operator who knows that they cannot be had goes on without them', async () => {
  const { deps, pool, store, pair, asked, run } = await endedAndNotRescued();

  expect(await run(() => route(deps, pool.name, pair, { ...FENCED, isRepeated: true, withoutRescue: true }))).toBeNull();

  expect(asked).toEqual(['stop']);
  expect(await readPool(store, pool.name)).toMatchObject({ active: pair.to });
});

async function endedAndNotRescued(): Promise<Failing> {
  const failed = await failing();
  const { deps, pool, pair, asked, power, run } = failed;
  const died = new Error('The worker has died.');
  const dying = {
    ...deps,
    mechanismFor: () => ({ ...deps.mechanismFor(pool), rescue: () => Promise.reject(died) }),
  };
  power.is = 'on';
  await expect(run(() => route(dying, pool.name, pair, FENCED))).rejects.toThrow();
  expect(asked).toEqual(['stop']);
  return failed;
}

test('a machine that has been off all the time is not asked for its sessions twice', async () => {
  const { deps, pool, pair, asked, run } = await failing();

  expect(await run(() => route(deps, pool.name, pair, FENCED))).toBeNull();
  expect(asked).toEqual([]);
});

test('the machine does not come back while a request is still on its way to it', async () => {
  const slow: (() => void)[] = [];
  const { deps, pool, pair, asked, run, proxy } = await failing(({ method }, response) => {
    if (method !== 'POST') return void response.end();
    slow.push(() => {
      asked.push('answer');
      response.end();
    });
  });
  const request = fetch(proxy.url, { method: 'POST' });
  await expect.poll(() => slow).toHaveLength(1);
  await run(() => route(deps, pool.name, pair, FENCED));

  const back = run(() => bringBack(deps, pool.name, pair));
  await expect.poll(() => asked).toEqual(['forsake']);
  slow[0]?.();
  await Promise.all([request, back]);

  expect(asked).toEqual(['forsake', 'answer', 'start']);
});
