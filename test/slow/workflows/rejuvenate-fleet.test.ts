import type { WorkflowHandle } from '@temporalio/client';
import { expect, test } from 'vitest';
import type { PoolConfig } from '../../../config/types.js';
import { nodeShop } from '../../../demo/node-shop.js';
import type { PoolProgress } from '../../../workflows/fleet.js';
import { endFleetUpdate, fleetStatusQuery, resumeFleetUpdate, skipFailedUpdate } from '../../../workflows/fleet.js';
import type { rejuvenateFleet } from '../../../workflows/rejuvenate-fleet.js';
import { fleetOf } from '../../fixtures/fleet.js';
import { createTestInstallation } from '../../fixtures/installation.js';
import { failureOf } from '../../fixtures/typed-into-form.js';

const PATIENCE = { timeout: 60_000 };

const states = async (fleet: WorkflowHandle<typeof rejuvenateFleet>): Promise<string[]> =>
  (await fleet.query(fleetStatusQuery)).pools.map(({ state }) => state);
const namesOf = (pools: PoolConfig[]): string[] => pools.map(({ name }) => name);
const statesIn = (pools: PoolProgress[]): string[] => pools.map(({ state }) => state);

test('all pools are restarted, one at a time unless more are allowed', async () => {
  const { pools, start, client } = await fleetOf(3);

  const fleet = await start({ pools: namesOf(pools), reason: 'patch day' });
  expect(statesIn(await fleet.result())).toEqual(['done', 'done', 'done']);
  const times: { from: number; to: number }[] = [];
  for (const { name } of pools) {
    const { startTime, closeTime } = await client.workflow.getHandle(`clean-restart/${name}`).describe();
    times.push({ from: startTime.getTime(), to: closeTime?.getTime() ?? Infinity });
  }
  expect(times.slice(1).every(({ from }, index) => from >= (times[index]?.to ?? Infinity))).toBe(true);

  const again = await start({ pools: namesOf(pools), atMost: 2 });
  let most = 0;
  await expect
    .poll(async () => {
      const now = await states(again);
      most = Math.max(most, now.filter((state) => state === 'restarting').length);
      return now.every((state) => state === 'done');
    }, PATIENCE)
    .toBe(true);
  expect(most).toBe(2);
});

test('the first failure stops a fleet, resume tries it again, and what comes after it is done', async () => {
  const { pools, start, boot } = await fleetOf(3, [1]);

  const fleet = await start({ pools: namesOf(pools) });
  await expect.poll(async () => (await fleet.query(fleetStatusQuery)).isStopped, PATIENCE).toBe(true);
  expect(await states(fleet)).toEqual(['done', 'failed', 'waiting']);
  expect((await fleet.query(fleetStatusQuery)).pools[1]).toMatchObject({ code: 'PRIMARY_NOT_RUNNING' });
  await boot(pools[1]);
  await fleet.executeUpdate(resumeFleetUpdate, { args: [{ reason: 'booted' }] });

  expect(statesIn(await fleet.result())).toEqual(['done', 'done', 'done']);
});

test('skip leaves the failed one, abort begins no other, and neither is taken before a failure', async () => {
  const { pools, start } = await fleetOf(2, [0, 1]);

  const fleet = await start({ pools: namesOf(pools) });
  await expect.poll(async () => (await fleet.query(fleetStatusQuery)).isStopped, PATIENCE).toBe(true);
  await fleet.executeUpdate(skipFailedUpdate, { args: [{}] });
  await expect.poll(() => states(fleet), PATIENCE).toEqual(['skipped', 'failed']);
  await expect.poll(async () => (await fleet.query(fleetStatusQuery)).isStopped, PATIENCE).toBe(true);
  await fleet.executeUpdate(endFleetUpdate, { args: [{}] });

  expect(statesIn(await fleet.result())).toEqual(['skipped', 'failed']);
});

test.each<[string, unknown, RegExp]>([
  ['no list', { pools: 'shop' }, /INPUT_INVALID.*"pools" must be a list.*\{"pools": \["shop"/],
  ['a pool twice', { pools: ['a', 'a'] }, /INPUT_INVALID.*different names/],
  ['none at a time', { pools: ['a'], atMost: 0 }, /INPUT_INVALID.*"atMost".*at least 1/],
  ['an unknown pool', { pools: ['nobody'] }, /POOL_UNKNOWN.*nobody/],
])('typed into the form, %s fails before anything is restarted', async (_what, input, expected) => {
  const { client, installation } = await createTestInstallation(nodeShop);
  await installation.startWorker();
  const { taskQueue } = installation.config.temporal;

  const failure = await failureOf(client, taskQueue, 'rejuvenateFleet', [input]);

  expect(`${failure.type ?? ''}: ${failure.message}`).toMatch(expected);
});
