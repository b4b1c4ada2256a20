import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import type { HypervisorDriver, MachineStatus } from '../../activities/hypervisor/driver.js';
import type { RestartOutcome } from '../../activities/swap-roles.js';
import { swapRoles } from '../../activities/swap-roles.js';
import { describeOutcome } from '../../cli/restart-outcome.js';
import { sealPool } from '../../state/pool.js';
import { startAttempts } from '../fixtures/attempts.js';

/** What comes of a restart whose fifth step an operator has skipped, where the hypervisor says this of the old active machine. */
async function skippedWith(before: string | null | undefined, status: () => Promise<MachineStatus>): Promise<RestartOutcome> {
  const running = await startAttempts((_request, response) => void response.end());
  const { deps, pool, store } = running;
  await running.attempt(({ writer }) => sealPool(store, writer));
  const driver: Partial<HypervisorDriver> = { status: () => status() };
  const skipped = { reason: 'tonight', ...(before === undefined ? {} : { before }) };
  return new MockActivityEnvironment().run(() =>
    swapRoles({ ...deps, driverFor: () => driver as HypervisorDriver }, { pool: pool.name, skipped }),
  );
}

const on = (incarnation: string) => (): Promise<MachineStatus> => Promise.resolve({ power: 'on', incarnation });

test('a machine that runs as before its skipped restart is told as not restarted', async () => {
  const outcome = await skippedWith('1', on('1'));

  expect(outcome.skipped).toEqual({ reason: 'tonight', restarted: false });
  expect(describeOutcome(outcome)).toContain('was not restarted, an operator went on without it: tonight');
});

test('a machine that runs anew, though nobody waited for it, is told as restarted', async () => {
  const outcome = await skippedWith('1', on('2'));

  expect(outcome.skipped).toMatchObject({ restarted: true });
  expect(describeOutcome(outcome)).toContain('was restarted and has not got ready in time, an operator went on without it');
});

test('a machine that is off, of which nobody can tell, or whose first incarnation was not seen, is told as that', async () => {
  const off = (): Promise<MachineStatus> => Promise.resolve({ power: 'off', incarnation: null });

  const outcome = await skippedWith('1', off);
  expect(outcome.skipped).toMatchObject({ restarted: null });
  expect(describeOutcome(outcome)).toContain('may not have been restarted, an operator went on without it');
  expect((await skippedWith('1', () => Promise.reject(new Error('gone')))).skipped).toMatchObject({ restarted: null });
  expect((await skippedWith(undefined, on('2'))).skipped).toMatchObject({ restarted: null });
});
