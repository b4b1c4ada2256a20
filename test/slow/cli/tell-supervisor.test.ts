import { expect, test } from 'vitest';
import { nodeShop } from '../../../demo/node-shop.js';
import * as messages from '../../../workflows/supervisor-messages.js';
import { createTestInstallation } from '../../fixtures/installation.js';
import { supervised } from '../../fixtures/supervised.js';
import { jsonLines, vmRejuv } from '../../fixtures/vm-rejuv.js';

const PATIENCE = { timeout: 60_000 };

test('what waits for approval is rejected, and the next is approved, by a command', async () => {
  const { installation, supervisor, status, history, restarts } = await supervised({ mode: 'approval', cooldownMs: 0 });
  const { name } = installation.pool;
  const untilAsked = (): Promise<void> => expect.poll(async () => (await status()).state, PATIENCE).toBe('waiting-for-approval');
  expect(await vmRejuv(installation, ['approve', name])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^UPDATE_REFUSED: Nothing waits for approval\. .*vm-rejuv status/) as string,
  });

  await supervisor.signal(messages.agingDetectedSignal, { evidence: 'heap' });
  await untilAsked();
  const rejected = await vmRejuv(installation, ['reject', name, '--reason', 'release day, says Ada', '--json']);
  expect(rejected.code).toBe(0);
  expect(jsonLines(rejected)).toEqual([
    { pool: name, workflowId: `pool/${name}`, update: 'reject', answer: 'reject: The restart that was wanted is dropped.' },
  ]);
  await supervisor.signal(messages.agingDetectedSignal, { evidence: 'heap' });
  await untilAsked();
  expect(await vmRejuv(installation, ['approve', name])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^approve: The restart begins/) as string,
  });

  await expect.poll(restarts, PATIENCE).toBe(1);
  expect(await history()).toContainEqual(
    expect.objectContaining({ what: 'reject', code: 'REJECTED', reason: 'release day, says Ada' }),
  );
});

test('a paused supervisor is told of to who restarts its pool all the same, and is resumed by a command', async () => {
  const { installation, status } = await supervised({});
  const { name } = installation.pool;

  expect(await vmRejuv(installation, ['pause', name, '--reason', 'migration'])).toMatchObject({ code: 0 });
  expect(await status()).toMatchObject({ state: 'paused', paused: 'migration' });
  expect((await vmRejuv(installation, ['status'])).stdout).toMatch(/supervisor: paused: migration\n.*vm-rejuv resume shop-/);
  // Who pauses for the same again changes nothing, and nobody's reason is lost.
  expect((await vmRejuv(installation, ['pause', name, '--reason', 'migration'])).stdout).toMatch(/paused already, for this/);
  expect(await status()).toMatchObject({ paused: 'migration' });
  expect((await vmRejuv(installation, ['pause', name, '--reason', 'audit'])).stdout).toMatch(
    /: migration, and also: audit\. One "resume"/,
  );
  expect(await status()).toMatchObject({ paused: 'migration, and also: audit' });
  const restarted = await vmRejuv(installation, ['rejuvenate', name, '--watch', '--json']);
  expect(restarted).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^SUPERVISOR_PAUSED: .*\(migration, and also: audit\).* vm-rejuv abort shop-\S+\n$/) as string,
  });
  expect(jsonLines(restarted).at(-1)).toMatchObject({ to: 'node-b' });

  expect(await vmRejuv(installation, ['resume', name])).toMatchObject({
    ...{ code: 0, stderr: '' },
    stdout: 'resume: Nothing is wanted: it watches again, and begins what policy allows.\n',
  });
  expect((await status()).paused).toBeNull();
  expect(await vmRejuv(installation, ['resume', name])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^UPDATE_REFUSED: It is not paused\./) as string,
  });
  expect(await vmRejuv(installation, ['rejuvenate', name])).toMatchObject({ code: 0, stderr: '' });
});

test('without a policy there is no supervisor to tell, and no sample to print', async () => {
  const { installation } = await createTestInstallation(nodeShop);

  expect((await vmRejuv(installation, ['status'])).stdout).not.toContain('supervisor');
  for (const command of ['pause', 'samples']) {
    expect(await vmRejuv(installation, [command, installation.pool.name])).toMatchObject({
      ...{ code: 2, stdout: '' },
      stderr: expect.stringMatching(/^POLICY_MISSING: .* Add pools\./) as string,
    });
  }
});

test('where the supervisor does not run, or no worker has it, that is said instead of waiting', async () => {
  const { installation, client } = await createTestInstallation(async (directory, url) => {
    const shop = await nodeShop(directory, url);
    return { ...shop, pool: { ...shop.pool, policy: {} } };
  });
  const { name } = installation.pool;
  const pause = ['pause', name, '--json'];
  const refusal = async (): Promise<unknown> => {
    const ended = await vmRejuv(installation, pause);
    return { ...jsonLines(ended)[0], exit: ended.code };
  };
  const said = async (): Promise<string> => (await vmRejuv(installation, ['status'])).stdout;
  expect(await refusal()).toMatchObject({ exit: 1, error: { code: 'NO_SUPERVISOR' } });
  expect(await said()).toMatch(/^ {2}supervisor: NO_SUPERVISOR: .* Start a worker/m);

  const { taskQueue } = installation.config.temporal;
  await client.workflow.start('supervisePool', { workflowId: `pool/${name}`, taskQueue, args: [{ pool: name }] });
  expect(await refusal()).toMatchObject({
    exit: 1,
    error: { code: 'NO_WORKER', message: expect.stringMatching(/^No worker polls/) as string },
  });
  expect(await said()).toMatch(/^ {2}supervisor: NO_WORKER: No worker answers of/m);

  const worker = await installation.startWorker();
  worker.signal('SIGKILL');
  await worker.ended;

  // Temporal takes its silence for a long poll: the update is sent, and nobody takes it up.
  expect(await refusal()).toMatchObject({
    exit: 1,
    error: { code: 'NO_WORKER', remedy: expect.stringContaining('vm-rejuv status') as string },
  });
});
