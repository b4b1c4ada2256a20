import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createDriver } from '../../../activities/hypervisor/create-driver.js';
import { nodeShop } from '../../../demo/node-shop.js';
import { tomcatShop } from '../../../demo/tomcat-shop.js';
import { openDatabase } from '../../../state/database.js';
import { readBoot } from '../../../state/monitoring.js';
import { readPool } from '../../../state/pool.js';
import { skipUpdate, statusQuery } from '../../../workflows/messages.js';
import type { Explanation } from '../../../workflows/supervision.js';
import * as messages from '../../../workflows/supervisor-messages.js';
import type { TestInstallation } from '../../fixtures/installation.js';
import { createTestInstallation } from '../../fixtures/installation.js';
import { obstinateShop } from '../../fixtures/obstinate-shop.js';
import { jsonLines, vmRejuv } from '../../fixtures/vm-rejuv.js';

const PATIENCE = { timeout: 90_000, interval: 50 };
const QUICK = { down: { intervalMs: 200, looks: 3 }, intervalMs: 300 };

type Shop = typeof nodeShop;

interface Watched extends TestInstallation {
  url: string;
  history: () => Promise<Explanation[]>;
  /** What and with which code, since the beginning. */
  answers: () => Promise<string[]>;
  active: () => Promise<string>;
  /** A signal to all processes of a machine. */
  signalMachine: (name: string, signal: NodeJS.Signals) => Promise<void>;
}

/** A watched pool with both machines running. */
async function watched(shop: Shop, policy: object = {}): Promise<Watched> {
  const running = await createTestInstallation(async (directory, url) => {
    const made = await shop(directory, url);
    for (const { driver } of made.pool['machines'] as { driver: { stopTimeoutMs: number } }[]) driver.stopTimeoutMs = 500;
    const health = { ...(made.pool['health'] as object), timeoutMs: 500 };
    return { ...made, pool: { ...made.pool, health, policy, monitor: QUICK } };
  });
  const { installation, client } = running;
  await installation.bootMachines();
  const { url } = await installation.startProxy();
  await installation.startWorker();
  const database = openDatabase(installation.env['VM_REJUV_DATABASE_URL'] ?? '');
  onTestFinished(() => database.end());
  const { name } = installation.pool;
  // One that nobody has seen running is still to be booted.
  await expect.poll(async () => (await readBoot(database, name))?.incarnation ?? null, PATIENCE).not.toBeNull();
  const supervisor = client.workflow.getHandle(`pool/${name}`);
  const history = (): Promise<Explanation[]> => supervisor.query(messages.historyQuery);
  return {
    ...{ ...running, url, history },
    answers: async () => (await history()).map(({ what, code }) => `${what} ${code}`),
    active: async () => (await readPool(database, name)).active,
    async signalMachine(machine, signal) {
      const { incarnation } = await createDriver(installation.pool).status(machine, { signal: new AbortController().signal });
      process.kill(-Number(incarnation?.split('@')[0]), signal);
    },
  };
}

async function visit(url: string, cookie: string | null, item?: string): Promise<{ cookie: string; count: number }> {
  const response = await fetch(`${url}/shop/cart${item === undefined ? '' : `?item=${item}`}`, {
    method: item === undefined ? 'GET' : 'POST',
    headers: cookie === null ? {} : { cookie },
  });
  const given = response.headers.get('set-cookie')?.split(';')[0];
  return { cookie: given ?? cookie ?? '', count: ((await response.json()) as { count: number }).count };
}

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

test.each<[string, NodeJS.Signals, { saved: number; lost: number }]>([
  ['killed has saved nothing, and what was lost is counted', 'SIGKILL', { saved: 0, lost: 3 }],
  ['told to end behind our back has saved its sessions, and nobody loses anything', 'SIGTERM', { saved: 3, lost: 0 }],
])('a Tomcat that was %s', async (_what, signal, { saved, lost }) => {
  const running = await watched((directory) => tomcatShop(directory));
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

test('a proxy that accepts and never answers keeps nobody from failing over', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const sockets = new Set<Socket>();
  silent.on('connection', (socket) => sockets.add(socket));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const { installation, url, active, answers, signalMachine } = await watched(nodeShop);
  const database = openDatabase(installation.env['VM_REJUV_DATABASE_URL'] ?? '');
  onTestFinished(() => database.end());
  await database.query(
    "insert into proxy (pool, incarnation, name, admin_url, host, pid, start_time) values ($1, $2, 'far', $3, 'elsewhere', 1, '1')",
    [installation.pool.name, randomUUID(), `http://127.0.0.1:${(silent.address() as AddressInfo).port}`],
  );

  await signalMachine('node-a', 'SIGKILL');
  await expect.poll(answers, PATIENCE).toContain('restart DONE');

  expect(await active()).toBe('node-b');
  expect((await visit(url, null, 'a')).count).toBe(1);
});

test('after a fail-over was rejected the next one waits for an operator', async () => {
  const { installation, active, answers, signalMachine } = await watched(nodeShop, { failOver: 'approval' });
  const { name } = installation.pool;
  await signalMachine('node-a', 'SIGKILL');
  await expect.poll(answers, PATIENCE).toContain('serverDown APPROVAL_NEEDED');

  expect(await vmRejuv(installation, ['reject', name, '--reason', 'I repair it'])).toMatchObject({ code: 0 });
  await expect.poll(answers, PATIENCE).toContain('serverDown DECLINED');
  expect(await active()).toBe('node-a');
  expect(await vmRejuv(installation, ['approve', name])).toMatchObject({ code: 0 });

  await expect.poll(active, PATIENCE).toBe('node-b');
});

test('where only the worker does not reach the machine, the trouble is its own: nothing fails over', async () => {
  const running = await createTestInstallation(async (directory, url) => {
    const made = await nodeShop(directory, url);
    return { ...made, pool: { ...made.pool, policy: {}, monitor: QUICK } };
  });
  const { installation, client } = running;
  await installation.bootMachines();
  const { url } = await installation.startProxy();
  // The same pool as the worker sees it: with a way to node-a that leads nowhere.
  const file = join(installation.directory, 'worker.yaml');
  const [{ url: real }] = installation.pool.machines;
  const text = (await readFile(installation.configFile, 'utf8')).replace(real, 'http://127.0.0.1:1');
  await writeFile(file, text);
  await installation.startWorker('worker', { env: { VM_REJUV_CONFIG: file } });
  const database = openDatabase(installation.env['VM_REJUV_DATABASE_URL'] ?? '');
  onTestFinished(() => database.end());
  const samples = async (): Promise<number> => {
    const { rows } = await database.query<{ count: string }>("select count(*) from sample where series = 'requests'");
    return Number(rows[0]?.count);
  };

  // Long enough for the looks that it takes, many times over.
  await expect.poll(samples, PATIENCE).toBeGreaterThan(10);

  expect(await client.workflow.getHandle(`pool/${installation.pool.name}`).query(messages.historyQuery)).toEqual([]);
  expect((await visit(url, null, 'a')).count).toBe(1);
  await expect.poll(async () => (await readBoot(database, installation.pool.name))?.incarnation ?? null, PATIENCE).not.toBeNull();
  // The same worker takes a machine that really is down for that.
  const driver = createDriver(installation.pool);
  await driver.stop('node-a', { signal: new AbortController().signal });
  await expect
    .poll(() => client.workflow.getHandle(`pool/${installation.pool.name}`).query(messages.historyQuery), PATIENCE)
    .toContainEqual(expect.objectContaining({ what: 'serverDown', code: 'ALLOWED' }));
});
