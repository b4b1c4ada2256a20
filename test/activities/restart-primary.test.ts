// The hypervisor is made up here: what becomes of a fresh disk on a real one is in test/guests/rebuild.test.ts.

import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import type { HypervisorDriver, MachineStatus } from '../../activities/hypervisor/driver.js';
import type { RestartedPrimary } from '../../activities/restart-primary.js';
import { observePrimary, restartPrimary } from '../../activities/restart-primary.js';
import { describeOutcome } from '../../cli/restart-outcome.js';
import { sealPool } from '../../state/pool.js';
import { startAttempts } from '../fixtures/attempts.js';

interface Disks {
  /** Which of them the application gets ready from. */
  ready: readonly string[];
  /** Whether there is one of before. */
  hasBefore: boolean;
}

/** Restarts a machine that boots from a fresh disk; resolves also with what was asked of its hypervisor. */
async function restartOnto({ ready, hasBefore }: Disks): Promise<{ result: Promise<RestartedPrimary>; asked: string[] }> {
  let disk = 'old';
  const asked: string[] = [];
  const running = await startAttempts((request, response) => {
    response.statusCode = request.url === '/health' && !ready.includes(disk) ? 500 : 200;
    response.end();
  });
  const { deps, pool, store } = running;
  await running.attempt(({ writer }) => sealPool(store, writer));
  const on = (): MachineStatus => ({ power: 'on', incarnation: disk });
  const driver: Partial<HypervisorDriver> = {
    status: () => Promise.resolve(on()),
    outputOf: () => 'its console',
    memoryBytes: () => Promise.reject(new Error('nobody tells')),
    restart: () => {
      asked.push('restart');
      disk = 'fresh';
      return Promise.resolve(on());
    },
    keep: () => {
      asked.push('keep');
      return Promise.resolve();
    },
    rollBack: () => {
      asked.push('rollBack');
      if (!hasBefore) return Promise.resolve(null);
      disk = 'old';
      return Promise.resolve({ ...on(), incarnation: 'old again' });
    },
  };
  const health = { ...pool.health, path: '/health', bootTimeoutMs: 300, intervalMs: 20 };
  const config = { ...deps.config, pools: { [pool.name]: { ...pool, health } } };
  const own = { ...deps, config, driverFor: () => driver as HypervisorDriver };
  const result = new MockActivityEnvironment().run<[], RestartedPrimary, () => Promise<RestartedPrimary>>(() =>
    restartPrimary(own, pool.name, 'old'),
  );
  return { result, asked };
}

const NOTHING = { before: null, after: null, standby: null };

test('a machine that gets ready from its fresh disk keeps it, and memory that nobody tells fails nothing', async () => {
  const { result, asked } = await restartOnto({ ready: ['old', 'fresh'], hasBefore: true });

  expect(await result).toEqual({ memoryBytes: NOTHING });
  expect(asked).toEqual(['restart', 'keep']);
});

test('a machine that does not get ready from its fresh disk is rolled back, and that is told', async () => {
  const { result, asked } = await restartOnto({ ready: ['old'], hasBefore: true });

  expect(await result).toEqual({ memoryBytes: NOTHING, rolledBack: true });
  expect(asked).toEqual(['restart', 'rollBack']);
  const outcome = { from: 'a', to: 'b', sessionsMoved: 0, holdMs: { p50: 0, p99: 0, max: 0 }, holdsExpired: 0 };
  expect(describeOutcome({ ...outcome, ...(await result) })).toContain(
    'a did not get ready from its fresh disk and has the one of before',
  );
});

test('a machine that does not get ready and has nothing to go back to is MACHINE_NOT_READY', async () => {
  const { result, asked } = await restartOnto({ ready: ['old'], hasBefore: false });

  await expect(result).rejects.toMatchObject({ type: 'MACHINE_NOT_READY' });
  expect(asked).toEqual(['restart', 'rollBack']);
});

test('a guest that misses a question for its boot id is asked again before its restart', async () => {
  const { deps, pool } = await startAttempts((_request, response) => void response.end());
  const told = ['5/?', '5/?', '5/boot'];
  const driver: Partial<HypervisorDriver> = {
    status: () => Promise.resolve({ power: 'on', incarnation: told.shift() ?? '' }),
  };
  const own = { ...deps, driverFor: () => driver as HypervisorDriver };

  expect(await new MockActivityEnvironment().run(() => observePrimary(own, pool.name))).toBe('5/boot');
});

test.each([
  ['silent before and after, with an id that outlives boots', '1042/?', '1042/?', null],
  ['in the same boot', '5/boot', '5/boot', 'MACHINE_NOT_RESTARTED'],
  ['in the same boot, as another instance', '5/boot', '6/boot', 'MACHINE_NOT_RESTARTED'],
])('a machine that its hypervisor says it has restarted: %s', async (_which, before, after, code) => {
  const running = await startAttempts((_request, response) => void response.end());
  const { deps, pool, store } = running;
  await running.attempt(({ writer }) => sealPool(store, writer));
  const status = (): Promise<MachineStatus> => Promise.resolve({ power: 'on', incarnation: after });
  const driver: Partial<HypervisorDriver> = {
    ...{ status, restart: status, memoryBytes: () => Promise.resolve(null) },
    ...{ rollBack: () => Promise.resolve(null), keep: () => Promise.resolve() },
  };
  const own = { ...deps, driverFor: () => driver as HypervisorDriver };
  const restarting = new MockActivityEnvironment().run(() => restartPrimary(own, pool.name, before));

  if (code === null) expect(await restarting).toEqual({ memoryBytes: NOTHING });
  else await expect(restarting).rejects.toMatchObject({ type: code });
});
