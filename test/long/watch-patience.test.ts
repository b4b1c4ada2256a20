import { expect, inject, test } from 'vitest';
import { nodeShop } from '../../demo/node-shop.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { startRelay } from '../fixtures/relay.js';
import { jsonLines, vmRejuv } from '../fixtures/vm-rejuv.js';

test('who watches waits for a Temporal that comes back, and is told when it does not', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  const { name } = installation.pool;
  const relay = await startRelay(inject('temporalAddress'));
  const through = { VM_REJUV_TEMPORAL_ADDRESS: relay.address };
  await installation.bootMachines();
  await installation.startProxy();
  let said = '';
  const watched = vmRejuv(installation, ['rejuvenate', name, '--watch'], through, (text) => (said += text));
  await expect.poll(() => said, { timeout: 30_000 }).toContain('started');

  relay.cut();
  await expect.poll(() => said, { timeout: 30_000 }).toContain('Temporal does not answer; waiting');
  relay.open();
  await expect.poll(() => said, { timeout: 30_000 }).toContain('NO_WORKER');
  relay.cut();

  const ended = await watched;
  expect(ended.code).toBe(1);
  expect(ended.stdout.match(/Temporal does not answer; waiting/g)).toHaveLength(2);
  expect(ended.stderr).toContain('TEMPORAL_UNREACHABLE');
  expect(ended.stderr).toContain('the restart itself goes on');
  expect(ended.stderr).toContain(`vm-rejuv rejuvenate ${name} --watch`);

  await installation.startWorker();
  await expect
    .poll(async () => jsonLines(await vmRejuv(installation, ['status', '--json']))[0], { timeout: 60_000 })
    .toMatchObject({ active: 'node-b', run: null });
});
