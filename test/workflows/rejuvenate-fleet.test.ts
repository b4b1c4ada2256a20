// The activities are made up here: whole restarts of many pools are in test/slow/workflows/rejuvenate-fleet.test.ts.

import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';
import type { cleanRestart } from '../../workflows/clean-restart.js';
import type { PoolProgress } from '../../workflows/fleet.js';
import { endFleetUpdate, fleetStatusQuery, resumeFleetUpdate, skipFailedUpdate } from '../../workflows/fleet.js';
import { retryUpdate, statusQuery } from '../../workflows/messages.js';
import type { rejuvenateFleet } from '../../workflows/rejuvenate-fleet.js';
import { startMadeUpWorker } from '../fixtures/made-up-worker.js';

const PATIENCE = { timeout: 30_000 };

beforeAll(() => Runtime.install({ logger: new DefaultLogger('ERROR') }));

interface HalfFailed {
  fleet: WorkflowHandle<typeof rejuvenateFleet>;
  /** Steps and the pools of which they fail. */
  faults: Set<string>;
  states: () => Promise<PoolProgress['state'][]>;
  isStopped: () => Promise<boolean>;
  /** What the Temporal UI shows. */
  details: () => Promise<string>;
  /** Lets the second pool's restart go on, which waits for an operator past its point of no return. */
  goOn: () => Promise<unknown>;
}

/** Three pools, two at a time: the first has failed, the second waits for an operator, the third has not begun. */
async function halfFailed(): Promise<HalfFailed> {
  const faults = new Set(['bootStandby a', 'restartPrimary b']);
  const doing =
    (step: string, outcome: unknown = null) =>
    ({ pool }: { pool: string }): Promise<unknown> => {
      if (!faults.has(`${step} ${pool.slice(-1)}`)) return Promise.resolve(outcome);
      throw ApplicationFailure.nonRetryable('The machine is away.', 'PRIMARY_NOT_RUNNING');
    };
  const { client, taskQueue } = await startMadeUpWorker({
    canList: () => Promise.resolve(false),
    requirePools: () => Promise.resolve(),
    bootStandby: doing('bootStandby'),
    redirectTraffic: doing('redirectTraffic'),
    migrateSessions: doing('migrateSessions', { moved: 0 }),
    awaitDrain: doing('awaitDrain', { notMoved: 0, streamsClosed: 0, holds: null }),
    observePrimary: doing('observePrimary', '1'),
    restartPrimary: doing('restartPrimary', {}),
    swapRoles: doing('swapRoles', {}),
    abandonRestart: doing('abandonRestart', 'given-back'),
  });
  const pools = ['a', 'b', 'c'].map((name) => `${taskQueue}-${name}`);
  const fleet = await client.workflow.start<typeof rejuvenateFleet>('rejuvenateFleet', {
    ...{ workflowId: `fleet-${taskQueue}`, taskQueue },
    args: [{ pools, atMost: 2 }],
  });
  const stuck = client.workflow.getHandle<typeof cleanRestart>(`clean-restart/${taskQueue}-b`);
  const states = async (): Promise<PoolProgress['state'][]> =>
    (await fleet.query(fleetStatusQuery)).pools.map(({ state }) => state);
  await expect.poll(states, PATIENCE).toEqual(['failed', 'restarting', 'waiting']);
  await expect.poll(async () => (await stuck.query(statusQuery)).waiting, PATIENCE).toBe('The machine is away.');
  const isStopped = async (): Promise<boolean> => (await fleet.query(fleetStatusQuery)).isStopped;
  const details = async (): Promise<string> =>
    (await fleet.query<{ currentDetails: string }, []>('__temporal_workflow_metadata')).currentDetails;
  const goOn = async (): Promise<unknown> => {
    faults.delete('restartPrimary b');
    return stuck.executeUpdate(retryUpdate, { args: [{}] });
  };
  return { fleet, faults, states, isStopped, details, goOn };
}

test('while another is still under way, skip and resume are heeded at once, and what fails then is asked about again', async () => {
  const { fleet, faults, states, isStopped, details, goOn } = await halfFailed();
  expect(await isStopped()).toBe(true);
  expect(await details()).toMatch(/\*\*Waits for you\*\*.*`resume`/);

  faults.add('bootStandby c');
  expect(await fleet.executeUpdate(skipFailedUpdate, { args: [{}] })).toMatch(/-a stays as it is, then come .*-c\.$/);
  await expect.poll(states, PATIENCE).toEqual(['skipped', 'restarting', 'failed']);
  expect(await isStopped()).toBe(true);
  faults.delete('bootStandby c');
  expect(await fleet.executeUpdate(resumeFleetUpdate, { args: [{}] })).toMatch(/-c is tried again, and no other waits\.$/);
  await expect.poll(states, PATIENCE).toEqual(['skipped', 'restarting', 'done']);
  expect(await isStopped()).toBe(false);
  expect(await details()).toMatch(/\*\*Next decision\*\*: none is needed, unless one fails/);
  await expect(fleet.executeUpdate(resumeFleetUpdate, { args: [{}] })).rejects.toThrow(WorkflowUpdateFailedError);

  await goOn();
  expect((await fleet.result()).map(({ state }) => state)).toEqual(['skipped', 'done', 'done']);
});

test('after an abort no other begins, and the fleet ends with what is still under way', async () => {
  const { fleet, states, isStopped, details, goOn } = await halfFailed();

  expect(await fleet.executeUpdate(endFleetUpdate, { args: [{}] })).toMatch(/^abort: No other is begun/);
  expect(await isStopped()).toBe(false);
  expect(await details()).toMatch(/\*\*Next decision\*\*: none is needed: no other is begun/);
  await expect(fleet.executeUpdate(resumeFleetUpdate, { args: [{}] })).rejects.toThrow(WorkflowUpdateFailedError);
  expect(await states()).toEqual(['failed', 'restarting', 'waiting']);

  await goOn();
  expect((await fleet.result()).map(({ state }) => state)).toEqual(['failed', 'done', 'waiting']);
});

test('cancelled after a failure, a fleet ends with the restart that goes on, and not before it', async () => {
  const { fleet, goOn } = await halfFailed();

  await fleet.cancel();
  const asked = async (): Promise<boolean> =>
    ((await fleet.fetchHistory()).events ?? []).some(
      (event) => event.requestCancelExternalWorkflowExecutionInitiatedEventAttributes,
    );
  await expect.poll(asked, PATIENCE).toBe(true);
  expect((await fleet.describe()).status.name).toBe('RUNNING');

  await goOn();
  await expect(fleet.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) as Error });
});
