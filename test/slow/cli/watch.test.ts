import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { nodeShop } from '../../../demo/node-shop.js';
import { createTestInstallation } from '../../fixtures/installation.js';
import { obstinateShop } from '../../fixtures/obstinate-shop.js';
import { CLI, jsonLines, LOOKING, statusOf, vmRejuv } from '../../fixtures/vm-rejuv.js';

test('a restart that runs is watched by who asks for that, to its end, and refused to who wants one of their own', async () => {
  const { installation, startRestart } = await createTestInstallation(nodeShop);
  const { name } = installation.pool;
  await installation.bootMachines();
  await installation.startProxy();
  await startRestart();

  const refused = await vmRejuv(installation, ['rejuvenate', name]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('RESTART_RUNNING') as string });
  expect(refused.stderr).toContain(`vm-rejuv rejuvenate ${name} --watch`);

  const programs = vmRejuv(installation, ['rejuvenate', name, '--watch', '--json']);
  let said = '';
  const people = vmRejuv(installation, ['rejuvenate', name, '--watch'], {}, (text) => (said += text));
  await expect.poll(() => said, { timeout: 30_000 }).toContain('already running, watching it');
  await installation.startWorker();
  expect(await people).toMatchObject({ code: 0, stdout: expect.stringContaining('Done: ') as string });
  const lines = jsonLines(await programs);
  expect(lines[0]).toEqual({ workflowId: `clean-restart/${name}`, pool: name, started: false });
  expect(lines.at(-1)).toMatchObject({ from: 'node-a', to: 'node-b', tookMs: expect.any(Number) as number });
});

test('who ends the watching is told that the restart goes on', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  const { name } = installation.pool;
  const child = spawn(process.execPath, [CLI, 'rejuvenate', name, '--watch'], { env: { ...process.env, ...installation.env } });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  await expect.poll(() => out, LOOKING).toContain('started: ');

  child.kill('SIGINT');

  expect(await once(child, 'close')).toEqual([130, null]);
  expect(errors).toContain(`The restart goes on. How far it is: vm-rejuv status ${name}`);
  expect(await statusOf(installation)).toMatchObject({ run: expect.stringContaining(name) as string });
});

test('a watched restart that fails ends the watching with its failure', async () => {
  const { installation, startRestart } = await createTestInstallation(nodeShop);
  await startRestart();
  const watched = vmRejuv(installation, ['rejuvenate', installation.pool.name, '--watch', '--json']);
  await installation.startWorker();

  expect(await watched).toMatchObject({ code: 1, stdout: expect.stringContaining('PRIMARY_NOT_RUNNING') as string });
});

test('a restart that was started under another workflow id is joined, and refused to who does not watch', async () => {
  const { installation, client } = await createTestInstallation(obstinateShop({ limits: { requestTimeoutMs: 60_000 } }).shop);
  const { name } = installation.pool;
  await installation.bootMachines();
  const { url } = await installation.startProxy();
  await installation.startWorker();
  // Outlasts the start of a command and of another, also on a machine that has much to do.
  const slow = fetch(`${url}/shop/slow?ms=20000`);
  await client.workflow.start('cleanRestart', { workflowId: 'by-hand', taskQueue: name, args: [{ pool: name }] });
  await expect.poll(() => statusOf(installation), LOOKING).toMatchObject({ run: expect.stringMatching(/^by-hand\//) as string });

  const refused = await vmRejuv(installation, ['rejuvenate', name]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/^RESTART_RUNNING: .* by by-hand/) as string });
  const watched = await vmRejuv(installation, ['rejuvenate', name, '--watch', '--json']);
  expect(watched.code).toBe(0);
  expect(jsonLines(watched)[0]).toEqual({ workflowId: 'by-hand', pool: name, started: false });
  expect((await slow).status).toBe(200);
});

test('of two who start a restart and watch it at the same moment, one joins the other', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  const { name } = installation.pool;
  await installation.bootMachines();
  await installation.startProxy();
  await installation.startWorker();
  const watched = await Promise.all(
    Array.from({ length: 3 }, () => vmRejuv(installation, ['rejuvenate', name, '--watch', '--json'])),
  );
  expect(watched.map(({ code }) => code)).toEqual([0, 0, 0]);
  const runs = watched.map((ended) => jsonLines(ended)[0]);
  expect(runs.filter((run) => run?.['started'] === true).length).toBeGreaterThan(0);
});

test('who watches is told for how long nothing moves after the unclean end of a proxy', async () => {
  const { installation } = await createTestInstallation(nodeShop);
  const { name } = installation.pool;
  await installation.bootMachines();
  const { url } = await installation.startProxy();
  const second = await installation.startProxy('proxy-2');
  await installation.startWorker();
  const slow = fetch(`${url}/shop/slow?ms=8000`);
  let said = '';
  const watched = vmRejuv(installation, ['rejuvenate', name, '--watch'], {}, (text) => (said += text));
  await expect.poll(() => said, { timeout: 30_000 }).toContain('migrateSessions');
  second.signal('SIGKILL');

  await expect.poll(() => said, { timeout: 30_000 }).toMatch(/moves nothing for another \d+\.\d s: a proxy has ended/);
  expect((await slow).status).toBe(200);
  expect((await watched).code).toBe(0);
}, 60_000);

test('without anybody to carry it out a restart is started with a warning', async () => {
  const { installation, client } = await createTestInstallation(nodeShop);
  const { name } = installation.pool;

  const started = await vmRejuv(installation, ['rejuvenate', name, '--json']);

  expect(started.code).toBe(0);
  expect(jsonLines(started)).toMatchObject([{ pool: name, started: true }, { waiting: 'NO_WORKER' }]);
  expect((await client.workflow.getHandle(`clean-restart/${name}`).describe()).status.name).toBe('RUNNING');
});
