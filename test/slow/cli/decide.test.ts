import { expect, test } from 'vitest';
import { nodeShop } from '../../../demo/node-shop.js';
import type { CleanRestartHandle } from '../../../worker/temporal-client.js';
import type { StepName } from '../../../workflows/steps.js';
import { createTestInstallation } from '../../fixtures/installation.js';
import { obstinateShop } from '../../fixtures/obstinate-shop.js';
import { jsonLines, LOOKING, statusOf, vmRejuv } from '../../fixtures/vm-rejuv.js';

async function timesScheduled(handle: CleanRestartHandle, step: StepName): Promise<number> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === step).length;
}

test('a restart that waits for an operator is tried again, and goes on without the primary, by a command', async () => {
  const { shop, block } = obstinateShop({ health: { path: '/shop/health', bootTimeoutMs: 2000 } });
  const { installation, startRestart } = await createTestInstallation(shop);
  const { name } = installation.pool;
  await installation.bootMachines();
  await installation.startProxy();
  await installation.startWorker();
  await block();
  const handle = await startRestart();
  await expect.poll(() => statusOf(installation), LOOKING).toMatchObject({ updates: ['retry', 'skip'] });

  const again = await vmRejuv(installation, ['retry', name, '--json', '--reason', 'a test']);
  expect(again.code).toBe(0);
  expect(jsonLines(again)).toMatchObject([
    {
      pool: name,
      update: 'retry',
      workflowId: `clean-restart/${name}`,
      answer: expect.stringMatching(/tried again now/) as string,
    },
  ]);
  await expect.poll(() => timesScheduled(handle, 'restartPrimary'), { timeout: 60_000 }).toBe(2);
  await expect.poll(() => statusOf(installation), LOOKING).toMatchObject({ updates: ['retry', 'skip'] });
  expect(await vmRejuv(installation, ['abort', name])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^UPDATE_REFUSED: .*only go forward/) as string,
  });

  const skip = ['skip', name, '--reason', 'tonight, says Ada'];
  expect(await vmRejuv(installation, skip)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^skip: restartPrimary is left out, and swapRoles comes next; .*vm-rejuv boot shop-/) as string,
  });
  expect((await handle.result()).to).toBe('node-b');
  const { stdout } = await vmRejuv(installation, ['status']);
  expect(stdout).toContain(
    'node-a was restarted and has not got ready in time, an operator went on without it: tonight, says Ada',
  );
  expect(stdout).toContain(`next: mend node-a, which is the standby, and start it: vm-rejuv boot ${name}`);
});

test('a restart whose standby does not boot is given up by a command, and status says that it was', async () => {
  const { shop, block } = obstinateShop();
  const { installation, startRestart } = await createTestInstallation(shop);
  const { name } = installation.pool;
  await installation.bootMachines('node-a');
  await installation.startProxy();
  await installation.startWorker();
  await block();
  const handle = await startRestart();
  await expect.poll(() => statusOf(installation), LOOKING).toMatchObject({ step: 'bootStandby' });

  expect(await vmRejuv(installation, ['retry', name])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('UPDATE_REFUSED') as string,
  });
  expect(await vmRejuv(installation, ['abort', name, '--reason', 'the sale begins, says Ada'])).toMatchObject({ code: 0 });
  await expect(handle.result()).rejects.toThrow();
  expect(await statusOf(installation)).toMatchObject({
    ...{ phase: 'steady', run: null },
    lastFailure: { failure: { message: 'It was given up on request: the sale begins, says Ada' } },
  });
});

test('without a restart, or without a worker that could take it, a decision is refused', async () => {
  const { installation, startRestart } = await createTestInstallation(nodeShop);
  const { name } = installation.pool;
  expect(await vmRejuv(installation, ['retry', name])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^RESTART_NOT_RUNNING: .*vm-rejuv status/) as string,
  });
  const handle = await startRestart();
  expect(await vmRejuv(installation, ['retry', name])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('NO_WORKER') as string,
  });
  expect(await statusOf(installation)).toMatchObject({
    run: expect.stringContaining(`clean-restart/${name}/`) as string,
    trouble: expect.stringContaining('NO_WORKER') as string,
  });

  // Nobody has taken it up: there is nothing to give back, and nobody needed who gives it back.
  expect(await vmRejuv(installation, ['abort', name])).toMatchObject({ code: 0 });
  expect((await handle.describe()).status.name).toBe('TERMINATED');
  expect(await statusOf(installation)).toMatchObject({ run: null, trouble: null });
});
