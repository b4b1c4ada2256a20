import { expect, test } from 'vitest';
import { nodeShop } from '../../../demo/node-shop.js';
import { createTestInstallation } from '../../fixtures/installation.js';

const PATIENCE = { timeout: 30_000 };

test('restarts are listed by their pool, outcome and reason', async () => {
  const { installation, client } = await createTestInstallation(nodeShop);
  const { name } = installation.pool;
  await installation.bootMachines();
  await installation.startWorker();
  const { taskQueue } = installation.config.temporal;
  const start = (workflowId: string): Promise<unknown> =>
    client.workflow.execute('cleanRestart', { workflowId, taskQueue, args: [{ pool: name, reason: 'patch day' }] });
  const listed = async (query: string): Promise<string[]> => {
    const found: string[] = [];
    for await (const { workflowId } of client.workflow.list({ query })) found.push(workflowId);
    return found;
  };

  // There is no proxy yet.
  await expect(start(`${name}-in-vain`)).rejects.toThrow();
  await installation.startProxy();
  await start(`${name}-well`);

  const ofPool = `VmRejuvPool = '${name}' and VmRejuvReason = 'patch day'`;
  await expect.poll(() => listed(`${ofPool} and VmRejuvOutcome = 'done'`), PATIENCE).toEqual([`${name}-well`]);
  await expect.poll(() => listed(`${ofPool} and VmRejuvOutcome = 'NO_PROXY'`), PATIENCE).toEqual([`${name}-in-vain`]);
  expect(await listed(`${ofPool} and VmRejuvOutcome = 'running'`)).toEqual([]);
});
