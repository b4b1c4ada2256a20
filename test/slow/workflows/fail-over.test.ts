import { expect, onTestFinished, test } from 'vitest';
import { createDriver } from '../../../activities/hypervisor/create-driver.js';
import { createMechanism } from '../../../activities/sessions/create-mechanism.js';
import { nodeShop } from '../../../demo/node-shop.js';
import { tomcatShop } from '../../../demo/tomcat-shop.js';
import { openDatabase } from '../../../state/database.js';
import { skipUpdate, statusQuery } from '../../../workflows/messages.js';
import { lookAgainSignal, poolStatusQuery } from '../../../workflows/supervisor-messages.js';
import { supervisorOf } from '../../../workflows/workflow-ids.js';
import type { TestInstallation } from '../../fixtures/installation.js';
import { obstinateShop } from '../../fixtures/obstinate-shop.js';
import { jsonLines, vmRejuv } from '../../fixtures/vm-rejuv.js';
import type { Shop } from '../../fixtures/watched-pool.js';
import { PATIENCE, visit, watched } from '../../fixtures/watched-pool.js';

test('a machine that has died is fenced, its standby takes over with the sessions of a shared store, and it comes back', async () => {
  const { installation, url, active, answers, history, signalMachine } = await watched(nodeShop);
  const { cookie } = await visit(url, null, 'a');
  await visit(url, cookie, 'b');

  await signalMachine('node-a', 'SIGKILL');
  await expect.poll(answers, PATIENCE).toContain('restart DONE');

  expect(await active()).toBe('node-b');
  expect((await visit(url, cookie)).count).toBe(2);
  expect(await answers()).toEqual(['serverDown ALLOWED', 'restart STARTED', 'restart DONE']);
  expect((await history())[0]?.reason).toMatch(
    /^node-a: the worker: .*ECONNREFUSED.*; the proxy: .*; its hypervisor: it is off$/,
  );
  const driver = createDriver(installation.pool);
  expect((await driver.status('node-a', { signal: new AbortController().signal })).power).toBe('on');
  const [status] = jsonLines(await vmRejuv(installation, ['status', '--json']));
  expect(status).toMatchObject({
    lastRestart: { result: { from: 'node-a', to: 'node-b', failedOver: { saved: null, lost: 0, isBack: true } } },
  });
  expect((await vmRejuv(installation, ['status'])).stdout).toMatch(
    /last failed over .*, node-a to node-b: .*store of both machines.*; node-a is back as the standby/,
  );
});

test('a machine that hangs is switched off before the standby takes over', async () => {
  const { url, active, answers, signalMachine, installation } = await watched(nodeShop);
  const { cookie } = await visit(url, null, 'a');

  await signalMachine('node-a', 'SIGSTOP');
  await expect.poll(answers, PATIENCE).toContain('restart DONE');

  expect(await active()).toBe('node-b');
  expect((await visit(url, cookie)).count).toBe(1);
  // It was ended, not only left alone: what came back is another boot.
  const { lastRestart } = jsonLines(await vmRejuv(installation, ['status', '--json']))[0] as {
    lastRestart: { result: { failedOver: { reason: string } } };
  };
  expect(lastRestart.result.failedOver.reason).not.toContain('it is off');
});

/** How many sessions the monitor has seen last. */
async function sessionsSeen({ installation }: TestInstallation): Promise<number | undefined> {
  const database = openDatabase(installation.env['VM_REJUV_DATABASE_URL'] ?? '');
  const { rows } = await database.query<{ value: number }>(
    "select value from sample where series = 'sessions' order by at desc limit 1",
  );
  await database.end();
  return rows[0]?.value;
}

const withFiles: Shop = (directory) => tomcatShop(directory);
const withRows: Shop = (directory, sessionsUrl) => tomcatShop(directory, { sessionsUrl });

test.each<[string, Shop, NodeJS.Signals, { saved: number; lost: number }]>([
  ['killed has saved nothing, and what was lost is counted', withFiles, 'SIGKILL', { saved: 0, lost: 3 }],
  ['told to end behind our back has saved its sessions, and nobody loses anything', withFiles, 'SIGTERM', { saved: 3, lost: 0 }],
  ['told to end has saved its sessions as rows, and nobody loses anything', withRows, 'SIGTERM', { saved: 3, lost: 0 }],
])('a Tomcat that was %s', async (_what, shop, signal, { saved, lost }) => {
  const running = await watched(shop);
  const { installation, url, active, answers, signalMachine } = running;
  const cookies: string[] = [];
  for (const item of ['a', 'b', 'c']) cookies.push((await visit(url, null, item)).cookie);
  await expect.poll(() => sessionsSeen(running), PATIENCE).toBe(3);

  await signalMachine('tomcat-a', signal);
  await expect.poll(answers, PATIENCE).toContain('restart DONE');

  expect(await active()).toBe('tomcat-b');
  const [status] = jsonLines(await vmRejuv(installation, ['status', '--json']));
  expect(status).toMatchObject({ lastRestart: { result: { failedOver: { saved, lost } } } });
  const counts: number[] = [];
  for (const cookie of cookies) counts.push((await visit(url, cookie)).count);
  expect(counts.filter((count) => count === 1)).toHaveLength(saved);
  // Nothing is left with which the machine that is back could answer.
  const back = createMechanism(installation.pool, (id) => id);
  onTestFinished(() => back.close());
  const [standby, now] = installation.pool.machines;
  const call = { signal: new AbortController().signal, guard: () => Promise.resolve() };
  expect(await back.remaining({ primary: standby, standby: now }, call)).toEqual(new Set());
});

test('of a cold pool the standby is booted to take over, and the machine that had died stays off', async () => {
  const { url, active, answers, power, signalMachine, installation } = await watched(nodeShop, {
    ...{ pool: { standby: 'cold' }, booted: ['node-a'] },
  });
  const { cookie } = await visit(url, null, 'a');
  expect(await power('node-b')).toBe('off');

  await signalMachine('node-a', 'SIGKILL');
  await expect.poll(answers, PATIENCE).toContain('restart DONE');

  expect(await active()).toBe('node-b');
  expect((await visit(url, cookie)).count).toBe(1);
  expect(await power('node-a')).toBe('off');
  const [status] = jsonLines(await vmRejuv(installation, ['status', '--json']));
  expect(status).toMatchObject({ run: null, lastRestart: { result: { failedOver: { isBack: true } } } });
});

test('a second fail-over within an hour waits for an operator', async () => {
  const { installation, active, answers, signalMachine } = await watched(nodeShop);
  await signalMachine('node-a', 'SIGKILL');
  await expect.poll(answers, PATIENCE).toContain('restart DONE');

  await signalMachine('node-b', 'SIGKILL');
  await expect.poll(answers, PATIENCE).toContain('serverDown FLAPPING');
  expect(await active()).toBe('node-b');
  const approved = await vmRejuv(installation, ['approve', installation.pool.name, '--reason', 'I have looked']);
  expect(approved).toMatchObject({ code: 0 });

  await expect.poll(active, PATIENCE).toBe('node-a');
});

test('a machine that does not get ready again is left to an operator, while the standby serves', async () => {
  const { shop, block } = obstinateShop({ health: { path: '/shop/health', bootTimeoutMs: 3000 } });
  const { installation, client, url, active, answers, signalMachine } = await watched(shop);
  await block();
  await signalMachine('node-a', 'SIGKILL');
  const failOver = client.workflow.getHandle(`fail-over/${installation.pool.name}`);
  await expect.poll(active, PATIENCE).toBe('node-b');
  expect((await visit(url, null, 'a')).count).toBe(1);
  const waits = async (): Promise<string | null> => (await failOver.query(statusQuery).catch(() => null))?.waiting ?? null;
  await expect.poll(waits, PATIENCE).toContain('did not get ready');

  await failOver.executeUpdate(skipUpdate, { args: [{ reason: 'later' }] });

  await expect.poll(answers, PATIENCE).toContain('restart DONE');
  const [status] = jsonLines(await vmRejuv(installation, ['status', '--json']));
  expect(status).toMatchObject({ run: null, lastRestart: { result: { failedOver: { isBack: false } } } });
});

test('a machine that is well is not failed over, whoever starts that, and the pool is as it was', async () => {
  const { installation, client, active } = await watched(nodeShop);
  const { name } = installation.pool;

  const failOver = await client.workflow.start('failOver', {
    ...{ workflowId: `fail-over/${name}`, taskQueue: installation.config.temporal.taskQueue, args: [{ pool: name }] },
  });
  await expect(failOver.result()).rejects.toMatchObject({ cause: { cause: { type: 'ACTIVE_RECOVERED' } } });

  expect(await active()).toBe('node-a');
  const [status] = jsonLines(await vmRejuv(installation, ['status', '--json']));
  expect(status).toMatchObject({ run: null, phase: 'steady' });
});

test('after a fail-over was rejected the next one waits for an operator, until the machine was well again', async () => {
  const { installation, client, active, answers, signalMachine } = await watched(nodeShop, { policy: { failOver: 'approval' } });
  const { name } = installation.pool;
  const supervisor = client.workflow.getHandle(supervisorOf(name));
  const judged = async (): Promise<string | undefined> => (await supervisor.query(poolStatusQuery)).judgement?.code;
  await signalMachine('node-a', 'SIGKILL');
  await expect.poll(judged, PATIENCE).toBe('APPROVAL_NEEDED');

  expect(await vmRejuv(installation, ['reject', name, '--reason', 'I repair it'])).toMatchObject({ code: 0 });
  await expect.poll(judged, PATIENCE).toBe('DECLINED');
  expect(await active()).toBe('node-a');
  expect(await vmRejuv(installation, ['boot', name])).toMatchObject({ code: 0 });
  await supervisor.signal(lookAgainSignal, {});
  await expect.poll(answers, PATIENCE).toContain('serverDown RECOVERED');

  await signalMachine('node-a', 'SIGKILL');
  await expect.poll(judged, PATIENCE).toBe('APPROVAL_NEEDED');
  expect(await vmRejuv(installation, ['approve', name])).toMatchObject({ code: 0 });
  await expect.poll(active, PATIENCE).toBe('node-b');
});
