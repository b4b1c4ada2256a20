import { WorkflowUpdateFailedError } from '@temporalio/client';
import { expect, onTestFinished, test } from 'vitest';
import { nodeShop } from '../../demo/node-shop.js';
import type { Explanation } from '../../workflows/supervision.js';
import * as messages from '../../workflows/supervisor-messages.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { openDatabase } from '../../state/database.js';
import { supervised } from '../fixtures/supervised.js';
import { failureOf } from '../fixtures/typed-into-form.js';
import { jsonLines, vmRejuv } from '../fixtures/vm-rejuv.js';

const PATIENCE = { timeout: 60_000 };

const codes = async (history: () => Promise<Explanation[]>): Promise<string[]> =>
  (await history()).map(({ what, code }) => `${what} ${code}`);

test('signs of aging make one clean restart, and the next has to wait for the cooldown', async () => {
  const { supervisor, status, history, restarts } = await supervised({ cooldownMs: 3_600_000 });

  await supervisor.signal(messages.agingDetectedSignal, { evidence: 'heap full in 20 minutes' });
  await expect.poll(() => codes(history), PATIENCE).toContain('restart DONE');
  await supervisor.signal(messages.agingDetectedSignal, { evidence: 'heap full in 10 minutes' });
  await expect.poll(async () => (await status()).state, PATIENCE).toBe('waiting-for-its-time');

  expect(await codes(history)).toEqual(['agingDetected ALLOWED', 'restart STARTED', 'restart DONE', 'agingDetected COOLDOWN']);
  expect((await status()).nextDecisionMs).toBeGreaterThan(Date.now());
  expect((await status()).lastRefusal).toMatchObject({
    what: 'agingDetected',
    code: 'COOLDOWN',
    reason: 'heap full in 10 minutes',
  });
  // An operator knows better.
  await supervisor.signal(messages.rejuvenateSignal, { reason: 'release', force: true });
  await expect.poll(restarts, PATIENCE).toBe(2);
  await expect.poll(async () => (await status()).state, PATIENCE).toBe('watching');
  expect((await status()).lastRefusal).toBeNull();
});

test('where policy wants approval, a restart waits for it, and can be rejected', async () => {
  const { installation, supervisor, status, history, restarts } = await supervised({ mode: 'approval', cooldownMs: 0 });
  const untilAsked = (): Promise<void> => expect.poll(async () => (await status()).state, PATIENCE).toBe('waiting-for-approval');

  await expect(supervisor.executeUpdate(messages.approveUpdate, { args: [{}] })).rejects.toThrow(WorkflowUpdateFailedError);
  await supervisor.signal(messages.agingDetectedSignal, {});
  await untilAsked();
  const told = await vmRejuv(installation, ['status']);
  expect(told.stdout).toMatch(
    /supervisor: waiting for approval\n.*wanted by aging\n.*APPROVAL_NEEDED.*\n.*vm-rejuv approve shop-.*, or vm-rejuv reject/,
  );
  expect(jsonLines(await vmRejuv(installation, ['status', '--json']))[0]).toMatchObject({
    supervisor: { state: 'waiting-for-approval' },
  });
  await supervisor.executeUpdate(messages.rejectUpdate, { args: [{ reason: 'release day' }] });
  expect((await status()).state).toBe('watching');
  await supervisor.signal(messages.agingDetectedSignal, {});
  await untilAsked();
  // A worker that has started may have another policy.
  await supervisor.signal(messages.lookAgainSignal, {});
  const asked = async (): Promise<number> => (await history()).findLast(({ code }) => code === 'APPROVAL_NEEDED')?.count ?? 0;
  await expect.poll(asked, PATIENCE).toBe(3);
  await supervisor.executeUpdate(messages.approveUpdate, { args: [{ reason: 'go' }] });
  await expect.poll(() => codes(history), PATIENCE).toContain('restart DONE');

  expect(await restarts()).toBe(1);
});

test('contradictory signals end in one restart, and each has its explanation', async () => {
  const { supervisor, history, restarts } = await supervised({ cooldownMs: 0 });

  await Promise.all([
    supervisor.signal(messages.rejuvenateSignal, { reason: 'one' }),
    supervisor.signal(messages.agingDetectedSignal, { evidence: 'slow' }),
    supervisor.signal(messages.serverDownSignal, { evidence: 'no answer' }),
    supervisor.signal(messages.rejuvenateSignal, { reason: 'another' }),
  ]);
  await expect.poll(() => codes(history), PATIENCE).toContain('restart DONE');

  expect(await restarts()).toBe(1);
  const told = (await history()).filter(({ what }) => what !== 'restart');
  const explained = (signal: string): number =>
    told.filter(({ what }) => what === signal).reduce((sum, { count }) => sum + count, 0);
  expect(explained('rejuvenate')).toBeGreaterThanOrEqual(2);
  expect(explained('agingDetected')).toBeGreaterThanOrEqual(1);
  // It takes the place of what was wanted, finds the machine well, and gives the place back.
  expect(told.map(({ what, code }) => `${what} ${code}`)).toContain('serverDown RECOVERED');
  expect(told.every(({ text }) => text !== '')).toBe(true);
});

test('a paused supervisor answers signals and follows none until it is resumed', async () => {
  const { supervisor, status, history, restarts } = await supervised({});

  await supervisor.executeUpdate(messages.pauseUpdate, { args: [{ reason: 'migration' }] });
  await supervisor.signal(messages.rejuvenateSignal, { force: true });
  await expect.poll(() => codes(history), PATIENCE).toContain('rejuvenate PAUSED');
  expect(await status()).toMatchObject({ state: 'paused', paused: 'migration' });
  await supervisor.executeUpdate(messages.resumeUpdate, { args: [{}] });
  await supervisor.signal(messages.rejuvenateSignal, {});
  await expect.poll(() => codes(history), PATIENCE).toContain('restart DONE');

  expect(await restarts()).toBe(1);
});

test('what is not understood is told and not followed', async () => {
  const { supervisor, status, history, restarts } = await supervised({});
  const send = (name: string, input: unknown): Promise<void> => supervisor.signal(name, input);

  await send('rejuvenate', { force: 'yes' });
  await send('rejuvenate', 'now');
  await send('agingDetected', { evidnce: 'heap' });
  await send('agingDetcted', { evidence: 'heap' });
  await expect.poll(async () => (await status()).signals, PATIENCE).toBe(4);

  expect((await history()).map(({ what, code, count }) => `${what} ${code} ${count}`)).toEqual([
    'rejuvenate INPUT_INVALID 2',
    'agingDetected INPUT_INVALID 1',
    'signal SIGNAL_UNKNOWN 1',
  ]);
  expect((await history()).map(({ text }) => text).join()).toContain('"evidnce"');
  expect(await restarts()).toBe(0);
});

test('a standby that is ill is told, and nothing is restarted', async () => {
  const { supervisor, history, restarts } = await supervised({}, { isStandbyMute: true });

  await supervisor.signal(messages.rejuvenateSignal, { force: true });
  await expect.poll(() => codes(history), PATIENCE).toContain('rejuvenate STANDBY_ILL');

  expect(await restarts()).toBe(0);
});

test('a Temporal Schedule looks after the limit of age', async () => {
  const { installation, client, status, history, restarts } = await supervised({ maxAgeMs: 60_000, cooldownMs: 0 });
  const schedule = client.schedule.getHandle(`age/${installation.pool.name}`);
  onTestFinished(() => schedule.delete());

  await schedule.trigger();
  await expect.poll(() => codes(history), PATIENCE).toContain('agingDetected NOT_AGED');
  // What was last refused stays in sight: a question by the clock is none.
  expect((await status()).lastRefusal).toBeNull();
  const database = openDatabase(installation.config.database.url);
  onTestFinished(() => database.end());
  await database.query(
    `insert into restart_result (run, pool, finished_at, result) values ('earlier', $1, now() - interval '2 minutes', '{}')`,
    [installation.pool.name],
  );
  await schedule.trigger();
  await expect.poll(() => codes(history), PATIENCE).toContain('restart DONE');

  expect(await restarts()).toBe(1);
});

test('a blackout holds back what is wanted, and reject drops it, or a restart that somebody else begins', async () => {
  const { supervisor, status, history, startRestart } = await supervised({
    blackout: [{ since: '2000-01-01', until: '2100-01-01' }],
  });

  await supervisor.signal(messages.agingDetectedSignal, {});
  await expect.poll(async () => (await status()).judgement?.code, PATIENCE).toBe('BLACKOUT');
  await supervisor.signal(messages.lookAgainSignal, {});
  await expect.poll(async () => (await history()).map(({ code, count }) => `${code} ${count}`), PATIENCE).toEqual(['BLACKOUT 2']);
  await supervisor.executeUpdate(messages.rejectUpdate, { args: [{}] });

  expect(await status()).toMatchObject({ state: 'watching', wanted: null });
  await supervisor.signal(messages.agingDetectedSignal, {});
  await expect.poll(async () => (await status()).judgement?.code, PATIENCE).toBe('BLACKOUT');
  await (await startRestart()).result();
  await expect.poll(status, PATIENCE).toMatchObject({ state: 'watching', wanted: null, lastRefusal: null });
  expect(await codes(history)).toContain('agingDetected RESTARTED_SINCE');
});

test.each<[string, unknown[], RegExp]>([
  ['nothing', [], /INPUT_INVALID/],
  ['an unknown field', [{ pool: 'shop', mode: 'now' }], /INPUT_INVALID.*"mode"/],
  ['what only the supervisor itself has', [{ pool: 'shop', carried: 7 }], /INPUT_INVALID.*"carried"/],
  ['an unknown pool', [{ pool: 'nobody' }], /POOL_UNKNOWN/],
])('typed into the form, %s fails at once', async (_what, args, expected) => {
  const { client, installation } = await createTestInstallation(nodeShop);
  await installation.startWorker();
  const { taskQueue } = installation.config.temporal;

  const failure = await failureOf(client, taskQueue, 'supervisePool', args);

  expect(`${failure.type ?? ''}: ${failure.message}`).toMatch(expected);
});
