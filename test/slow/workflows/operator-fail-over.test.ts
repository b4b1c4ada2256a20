import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDriver } from '../../../activities/hypervisor/create-driver.js';
import { statusQuery } from '../../../workflows/messages.js';
import { serverDownSignal } from '../../../workflows/supervisor-messages.js';
import { obstinateShop } from '../../fixtures/obstinate-shop.js';
import { supervised } from '../../fixtures/supervised.js';
import { jsonLines, vmRejuv } from '../../fixtures/vm-rejuv.js';

const PATIENCE = { timeout: 120_000, interval: 200 };

test('a fail-over is called that by whoever asks, from its approval to its end, and has its machines to itself', async () => {
  const { shop, block, clear } = obstinateShop({ health: { path: '/shop/health', bootTimeoutMs: 3000 } });
  const { installation, client, supervisor, status, history } = await supervised({ failOver: 'approval' }, { shop });
  const { name } = installation.pool;
  const log = (): string => readFileSync(join(installation.directory, 'worker.log'), 'utf8');
  const { signal } = new AbortController();
  await block();
  await createDriver(installation.pool).stop('node-a', { signal });
  // The monitor may not have seen it running yet, and would take it for one that is still to be booted.
  await supervisor.signal(serverDownSignal, { evidence: 'no answer', machine: 'node-a' });

  await expect.poll(async () => (await status()).judgement?.code, PATIENCE).toBe('APPROVAL_NEEDED');
  expect((await status()).lastRefusal).toMatchObject({ what: 'serverDown', code: 'APPROVAL_NEEDED' });
  expect((await vmRejuv(installation, ['approve', name])).stdout).toMatch(/^approve: The fail-over begins when/);
  const failOver = client.workflow.getHandle(`fail-over/${name}`);
  const waits = async (): Promise<string | null> => (await failOver.query(statusQuery).catch(() => null))?.waiting ?? null;
  // The standby serves by now; the machine that had failed does not get ready.
  await expect.poll(waits, PATIENCE).toContain('did not get ready');

  const boot = await vmRejuv(installation, ['boot']);
  expect(boot).toMatchObject({ code: 2, stderr: expect.stringMatching(/^POOL_IN_USE: .*fail-over\/.* has it/) as string });
  const refused = await vmRejuv(installation, ['rejuvenate', name]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^RESTART_RUNNING: .* is failing over/) as string });
  let said = '';
  const watched = vmRejuv(installation, ['rejuvenate', name, '--watch'], {}, (text) => (said += text));
  await expect.poll(() => said, PATIENCE).toContain('watching it');
  await clear();
  expect(await vmRejuv(installation, ['retry', name])).toMatchObject({ code: 0 });
  expect(await watched).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Fail-over of .* watching it[^]*Done: .*node-a is back as the standby/) as string,
  });

  await expect.poll(async () => (await history()).map(({ code }) => code), PATIENCE).toContain('DONE');
  expect((await status()).lastRefusal).toBeNull();
  expect(log()).toMatch(
    /the fail-over wanted by down .* waits for approval: APPROVAL_NEEDED[^]*pool\/.*: APPROVED: The fail-over begins[^]*fail-over\/\S+ begins\n[^]*fail-over\/\S+ has ended well: node-a to node-b, .*is back as the standby/,
  );
  const entries = jsonLines(await vmRejuv(installation, ['history', name, '--json']));
  expect(entries.filter(({ kind }) => kind === 'fail-over')).toMatchObject([
    { code: 'DONE', from: 'node-a', to: 'node-b', sessionsSaved: null, isBack: true, begunBy: `pool/${name}`, wantedBy: 'down' },
  ]);
});
