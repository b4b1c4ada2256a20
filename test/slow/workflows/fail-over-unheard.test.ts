// Fail-overs in which somebody is not heard: a hypervisor, a proxy, or the machine by its worker alone.

import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createDriver } from '../../../activities/hypervisor/create-driver.js';
import type { HypervisorFault } from '../../../chaos/faulty-worker.js';
import { ManagerRelay } from '../../../chaos/manager-relay.js';
import { nodeShop } from '../../../demo/node-shop.js';
import { freePort } from '../../../embedded/ports.js';
import { openDatabase } from '../../../state/database.js';
import { readBoot } from '../../../state/monitoring.js';
import { statusQuery } from '../../../workflows/messages.js';
import * as messages from '../../../workflows/supervisor-messages.js';
import { createTestInstallation } from '../../fixtures/installation.js';
import { vmRejuv } from '../../fixtures/vm-rejuv.js';
import { PATIENCE, QUICK, visit, watched } from '../../fixtures/watched-pool.js';

const FAULTY_WORKER = fileURLToPath(new URL('../../../dist/chaos/faulty-worker.js', import.meta.url));

test.each(['loses the answer of a stop', 'loses the answer of a start'] satisfies HypervisorFault[])(
  'a hypervisor that %s is asked again, and nothing is done twice',
  async (fault) => {
    const directory = await mkdtemp(join(tmpdir(), 'vm-rejuv-fault-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const file = join(directory, 'hypervisor');
    await writeFile(file, 'none' satisfies HypervisorFault);
    const { url, active, answers, power, signalMachine } = await watched(nodeShop, {
      worker: { main: FAULTY_WORKER, env: { VM_REJUV_CHAOS_FILE: file } },
    });
    const { cookie } = await visit(url, null, 'a');
    await writeFile(file, fault);

    // Only what hangs has to be stopped.
    await signalMachine('node-a', 'SIGSTOP');
    await expect.poll(answers, PATIENCE).toContain('restart DONE');

    expect(await readFile(file, 'utf8')).toBe('none');
    expect(await active()).toBe('node-b');
    expect(await power('node-a')).toBe('on');
    expect((await visit(url, cookie)).count).toBe(1);
  },
);

test('where nobody hears that a proxy has switched, its clients are served, and the machine stays off until it is heard', async () => {
  const port = await freePort();
  const relay = await ManagerRelay.start(`http://127.0.0.1:${port}`, '/pools/');
  onTestFinished(() => relay.close());
  const { installation, client, url, active, answers, power, signalMachine } = await watched(nodeShop, {
    admin: { listen: `127.0.0.1:${port}`, url: relay.url },
  });
  const { cookie } = await visit(url, null, 'a');
  const database = openDatabase(installation.env['VM_REJUV_DATABASE_URL'] ?? '');
  onTestFinished(() => database.end());
  const { name } = installation.pool;
  // As soon as the machine is to be fenced: `prepareStandby` has to hear the proxy.
  const failOver = client.workflow.getHandle(`fail-over/${name}`);
  await signalMachine('node-a', 'SIGSTOP');
  const step = async (): Promise<string | null> => (await failOver.query(statusQuery).catch(() => null))?.step ?? null;
  await expect.poll(step, { ...PATIENCE, interval: 5 }).toBe('fence');
  relay.fault = 'loses the answer';

  await expect.poll(step, PATIENCE).toBe('bringBack');
  expect(await active()).toBe('node-b');
  expect((await visit(url, cookie)).count).toBe(1);
  const trouble = async (): Promise<string | undefined> =>
    (await failOver.describe()).raw.pendingActivities?.[0]?.lastFailure?.message ?? undefined;
  await expect.poll(trouble, PATIENCE).toContain('does not answer');
  expect(await power('node-a')).toBe('off');
  relay.mend();

  await expect.poll(answers, PATIENCE).toContain('restart DONE');
  expect(await power('node-a')).toBe('on');
});

test('a proxy that accepts and never answers keeps nobody from failing over, but the machine from coming back', async () => {
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const sockets = new Set<Socket>();
  silent.on('connection', (socket) => sockets.add(socket));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const { installation, url, active, answers, power, signalMachine } = await watched(nodeShop);
  const database = openDatabase(installation.env['VM_REJUV_DATABASE_URL'] ?? '');
  onTestFinished(() => database.end());
  const incarnation = randomUUID();
  await database.query(
    "insert into proxy (pool, incarnation, name, admin_url, host, pid, start_time) values ($1, $2, 'far', $3, 'elsewhere', 1, '1')",
    [installation.pool.name, incarnation, `http://127.0.0.1:${(silent.address() as AddressInfo).port}`],
  );

  await signalMachine('node-a', 'SIGKILL');
  await expect.poll(active, PATIENCE).toBe('node-b');

  expect((await visit(url, null, 'a')).count).toBe(1);
  // It may send its clients to node-a still, for all that anybody knows.
  const told = async (): Promise<string> => (await vmRejuv(installation, ['status'])).stdout;
  await expect.poll(told, PATIENCE).toMatch(/in bringBack .*[^]*Proxy far .*does not answer/);
  expect(await power('node-a')).toBe('off');
  const struck = await vmRejuv(installation, ['deregister', installation.pool.name, incarnation]);
  expect(struck).toMatchObject({ code: 0 });
  await expect.poll(answers, PATIENCE).toContain('restart DONE');
  expect(await power('node-a')).toBe('on');
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

  // An operator is told, and that is all.
  const history = await client.workflow.getHandle(`pool/${installation.pool.name}`).query(messages.historyQuery);
  expect(history).toMatchObject([{ what: 'anomalySeen', code: 'NOTED' }]);
  expect((await visit(url, null, 'a')).count).toBe(1);
  await expect.poll(async () => (await readBoot(database, installation.pool.name))?.incarnation ?? null, PATIENCE).not.toBeNull();
  // The same worker takes a machine that really is down for that.
  const driver = createDriver(installation.pool);
  await driver.stop('node-a', { signal: new AbortController().signal });
  await expect
    .poll(() => client.workflow.getHandle(`pool/${installation.pool.name}`).query(messages.historyQuery), PATIENCE)
    .toContainEqual(expect.objectContaining({ what: 'serverDown', code: 'ALLOWED' }));
});
