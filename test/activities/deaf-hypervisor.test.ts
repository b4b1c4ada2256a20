// Steps of a restart whose hypervisor never answers, and does not hear that nobody waits any more.

import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { abandonRestart } from '../../activities/abandon-restart.js';
import { bootStandby } from '../../activities/boot-standby.js';
import type { ActivityDeps } from '../../activities/deps.js';
import type { HypervisorDriver } from '../../activities/hypervisor/driver.js';
import type { PoolConfig } from '../../config/types.js';
import { MAX_TIMER_MS } from '../../config/defaults.js';
import { swapRoles } from '../../activities/swap-roles.js';
import { startAttempts } from '../fixtures/attempts.js';

const never = (): Promise<never> => new Promise(() => undefined);

/** A pool that a run has claimed and whose standby is off between restarts, on such a hypervisor. */
async function startDeaf(): Promise<{ step: <T>(work: (deps: ActivityDeps, pool: string) => Promise<T>) => Promise<T> }> {
  const { deps, pool } = await startAttempts((_request, response) => void response.end(), {}, 'steady');
  const deaf: Partial<HypervisorDriver> = {
    ...{ start: never, stop: never, verify: () => Promise.resolve() },
    identity: (machine) => Promise.resolve(machine),
    status: () => Promise.resolve({ power: 'on', incarnation: '1' }),
  };
  const cold: ActivityDeps = {
    ...deps,
    config: { ...deps.config, pools: { [pool.name]: { ...pool, standby: 'cold' } } },
    driverFor: () => deaf as HypervisorDriver,
  };
  return { step: (work) => new MockActivityEnvironment().run(() => work(cold, pool.name)) };
}

test('a start that does not end in its time fails the step, which is tried again', async () => {
  const { step } = await startDeaf();

  await expect(step(bootStandby)).rejects.toMatchObject({
    ...{ type: 'HYPERVISOR_FAILED', nonRetryable: false, message: expect.stringContaining('has not started it') as string },
  });
});

test('a stop that does not end in its time fails the last step, which is tried again', async () => {
  const { step } = await startDeaf();

  await expect(step((deps, pool) => swapRoles(deps, { pool }))).rejects.toMatchObject({
    ...{ type: 'HYPERVISOR_FAILED', nonRetryable: false, message: expect.stringContaining('has not stopped it') as string },
  });
});

test('the longest time that may be given to a machine is not over at once', async () => {
  const { deps, pool } = await startAttempts((_request, response) => void response.end(), {}, 'steady');
  const [, standby] = pool.machines;
  const patient = {
    ...{ ...pool, standby: 'cold' as const, health: { ...pool.health, bootTimeoutMs: MAX_TIMER_MS } },
    machines: pool.machines.map((machine) => ({ ...machine, driver: { ...machine.driver, stopTimeoutMs: MAX_TIMER_MS } })),
  } as PoolConfig;
  const stopped: string[] = [];
  const slow: Partial<HypervisorDriver> = {
    stop: async (machine, { signal }) => {
      await sleep(50, undefined, { signal });
      stopped.push(machine);
    },
  };
  const { config } = deps;

  expect(
    await new MockActivityEnvironment().run(() =>
      abandonRestart(
        { ...deps, config: { ...config, pools: { [pool.name]: patient } }, driverFor: () => slow as HypervisorDriver },
        pool.name,
      ),
    ),
  ).toBe('given-back');
  expect(stopped).toEqual([standby.name]);
});

test('a stop that does not end keeps no pool from being given back', async () => {
  const { step } = await startDeaf();

  expect(await step(abandonRestart)).toBe('given-back');
});
