import { expect, test } from 'vitest';
import * as messages from '../../../workflows/supervisor-messages.js';
import { supervised } from '../../fixtures/supervised.js';
import { jsonLines, vmRejuv } from '../../fixtures/vm-rejuv.js';

const PATIENCE = { timeout: 60_000 };

test('history has what the supervisor decided and what came of it, the store alone what was done, and says what is missing', async () => {
  const { installation, supervisor, worker, history } = await supervised({ cooldownMs: 3_600_000 });
  const { name } = installation.pool;
  const codes = async (): Promise<string[]> => (await history()).map(({ code }) => code);
  await supervisor.signal(messages.rejuvenateSignal, { reason: 'release' });
  await expect.poll(codes, PATIENCE).toContain('DONE');
  await supervisor.signal(messages.agingDetectedSignal, { evidence: 'heap' });
  await expect.poll(codes, PATIENCE).toContain('COOLDOWN');

  const told = jsonLines(await vmRejuv(installation, ['history', name, '--json']));
  expect(told).toMatchObject([
    { kind: 'answer', what: 'rejuvenate', code: 'ALLOWED' },
    {
      kind: 'restart',
      code: 'DONE',
      begunBy: `pool/${name}`,
      wantedBy: 'operator',
      reason: 'release',
      from: 'node-a',
      to: 'node-b',
    },
    { kind: 'answer', what: 'agingDetected', reason: 'heap', code: 'COOLDOWN' },
  ]);
  const latest = await vmRejuv(installation, ['history', name, '--limit', '1']);
  // Policy is asked once more when the monitor has seen which machine is active now.
  expect(latest.stdout).toMatch(/^\S+Z agingDetected \(heap\)(, 2 times)?: COOLDOWN: .*\n$/);

  const stored = { kind: 'restart', code: 'DONE', begunBy: `pool/${name}`, wantedBy: null, reason: 'release' };
  const withoutTemporal = await vmRejuv(installation, ['history', name, '--json'], { VM_REJUV_TEMPORAL_ADDRESS: '127.0.0.1:1' });
  expect(withoutTemporal.code).toBe(1);
  expect(jsonLines(withoutTemporal)).toMatchObject([stored, { error: { code: 'TEMPORAL_UNREACHABLE' } }]);
  worker.signal('SIGKILL');
  await worker.ended;
  const withoutWorker = await vmRejuv(installation, ['history', name, '--json']);
  expect(withoutWorker.code).toBe(1);
  expect(jsonLines(withoutWorker)).toMatchObject([stored, { error: { code: 'NO_WORKER' } }]);
  const check = await vmRejuv(installation, ['check', '--json']);
  expect(jsonLines(check)).toContainEqual(
    expect.objectContaining({ check: `${name}: its supervisor runs and answers`, ok: false, code: 'NO_WORKER' }),
  );
  await supervisor.terminate();
  const withoutSupervisor = await vmRejuv(installation, ['history', name, '--json']);
  expect(withoutSupervisor.code).toBe(1);
  expect(jsonLines(withoutSupervisor)).toMatchObject([stored, { error: { code: 'NO_SUPERVISOR' } }]);
  const unknown = await vmRejuv(installation, ['history', 'nobody', '--json']);
  expect(unknown).toMatchObject({ code: 2, stdout: expect.stringContaining('POOL_UNKNOWN') as string });
});
