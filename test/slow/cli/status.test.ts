import { expect, onTestFinished, test } from 'vitest';
import { nodeShop } from '../../../demo/node-shop.js';
import type { TestInstallation } from '../../fixtures/installation.js';
import { createTestInstallation } from '../../fixtures/installation.js';
import { obstinateShop } from '../../fixtures/obstinate-shop.js';
import { jsonLines, LOOKING, statusOf, vmRejuv } from '../../fixtures/vm-rejuv.js';

test('status tells the step of a restart, what it tries again, and how long an unclean end of a proxy keeps it', async () => {
  // Long enough for a loaded host to look several times while it waits.
  const { shop } = obstinateShop({ limits: { requestTimeoutMs: 18_000 } });
  const { installation, startRestart } = await createTestInstallation(shop);
  await installation.bootMachines();
  const { url } = await installation.startProxy();
  const second = await installation.startProxy('proxy-2');
  await installation.startWorker();
  expect(await statusOf(installation)).toMatchObject({ temporal: 'ok', step: null, stepMs: null, uncleanWaitMs: null });

  const begun = await fetch(`${url}/shop/cart`);
  const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
  const slow = fetch(`${url}/shop/slow?ms=14000`, { headers: { cookie } });
  const handle = await startRestart();
  await expect.poll(() => statusOf(installation), LOOKING).toMatchObject({ step: 'awaitDrain', temporal: 'ok' });
  const { stepMs } = await statusOf(installation);
  expect(stepMs).toBeGreaterThan(0);

  const watched = vmRejuv(installation, ['rejuvenate', installation.pool.name, '--watch', '--json']);
  second.signal('SIGSTOP');
  await expect
    .poll(() => statusOf(installation), LOOKING)
    .toMatchObject({ retrying: expect.stringContaining('Proxy proxy-2 of pool') as string, code: 'PROXY_UNREACHABLE' });
  const text = (await vmRejuv(installation, ['status'])).stdout;
  expect(text).toMatch(
    /in awaitDrain for \d+\.\d s.*\n +attempt \d+ (runs|is to come); the one before it has ended: Proxy proxy-2 /,
  );
  second.signal('SIGKILL');
  await expect.poll(async () => (await statusOf(installation))['uncleanWaitMs'], LOOKING).toBeGreaterThan(0);
  expect((await statusOf(installation))['uncleanWaitMs']).toBeLessThanOrEqual(installation.pool.limits.requestTimeoutMs);
  expect((await vmRejuv(installation, ['status'])).stdout).toMatch(/moves nothing for another \d+\.\d s: a proxy has ended/);

  expect((await slow).status).toBe(200);
  const { sessionsMoved } = await handle.result();
  expect(jsonLines(await watched)).toContainEqual(
    expect.objectContaining({ retrying: expect.stringContaining('Proxy proxy-2') as string, code: 'PROXY_UNREACHABLE' }),
  );
  expect(await statusOf(installation, {})).toMatchObject({
    ...{ step: null, retrying: null, waiting: null, code: null, uncleanWaitMs: null, temporal: 'ok' },
    lastRestart: { result: { sessionsMoved, tookMs: expect.any(Number) as number } },
  });
  const last = new RegExp(
    `last restart [\\dT:.-]+Z, node-a to node-b: ${sessionsMoved === 0 ? 'no session had to move' : `${sessionsMoved} sessions moved`}, held p99 .* s in all, memory of node-a \\d+ MiB -> \\d+ MiB, of node-b \\d+ MiB$`,
    'm',
  );
  expect((await vmRejuv(installation, ['status'])).stdout).toMatch(last);
});

test('status tells what an operator has to decide and by which updates, and its rows also without Temporal', async () => {
  const { shop, block } = obstinateShop({ health: { path: '/shop/health', bootTimeoutMs: 2000 } });
  const { installation, startRestart } = await createTestInstallation(shop);
  await installation.bootMachines();
  await installation.startProxy();
  await installation.startWorker();
  // Both machines run by now: the first that has to boot is the primary that was restarted.
  await block();
  const handle = await startRestart();

  await expect
    .poll(() => statusOf(installation), LOOKING)
    .toMatchObject({
      step: 'restartPrimary',
      waiting: expect.stringContaining('node-a did not get ready') as string,
      code: 'MACHINE_NOT_READY',
      updates: ['retry', 'skip'],
    });
  const text = (await vmRejuv(installation, ['status'])).stdout;
  expect(text).toMatch(/waits for an operator: .*node-a did not get ready/);
  const { name } = installation.pool;
  expect(text).toContain(`decide: vm-rejuv retry ${name} or vm-rejuv skip ${name}`);

  const elsewhere = { VM_REJUV_TEMPORAL_ADDRESS: '127.0.0.1:1' };
  expect(await statusOf(installation, elsewhere)).toMatchObject({ phase: 'sealed', step: null, temporal: 'unreachable' });
  expect((await vmRejuv(installation, ['status'], elsewhere)).stdout).toMatch(/^ +TEMPORAL_UNREACHABLE: .*$/m);

  await handle.terminate();
  expect((await vmRejuv(installation, ['status'])).stdout).toContain('has ended without giving the pool back');
});

test('status tells why the latest restart has given its pool back, until one has finished', async () => {
  const { installation, startRestart } = await createTestInstallation(nodeShop);
  await installation.startProxy();
  await installation.startWorker();
  await expect((await startRestart()).result()).rejects.toThrow();

  expect(await statusOf(installation, {})).toMatchObject({
    phase: 'steady',
    lastRestart: null,
    lastFailure: { failure: { code: 'PRIMARY_NOT_RUNNING' } },
  });
  expect((await vmRejuv(installation, ['status'])).stdout).toMatch(
    /a restart was given up [\dT:.-]+Z: PRIMARY_NOT_RUNNING: .*node-a/,
  );

  await installation.bootMachines();
  await (await startRestart()).result();
  expect(await statusOf(installation)).toMatchObject({ lastRestart: { result: { to: 'node-b' } }, lastFailure: null });
});

/** A shop that serves, and the cookie of one who has a session there. */
async function serveSomebody(
  shop: Parameters<typeof createTestInstallation>[0],
): Promise<TestInstallation & { name: string; url: string; cookie: string }> {
  const test = await createTestInstallation(shop);
  const { installation } = test;
  await installation.bootMachines();
  const { url } = await installation.startProxy();
  await installation.startWorker();
  const begun = await fetch(`${url}/shop/cart`);
  const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
  return { ...test, name: installation.pool.name, url, cookie };
}

test('status and a watcher are told what a drain waits for', async () => {
  const { shop } = obstinateShop({ limits: { requestTimeoutMs: 60_000 } });
  const { installation, name, url, cookie } = await serveSomebody(shop);
  const slow = fetch(`${url}/shop/slow?ms=20000`, { headers: { cookie } });
  let said = '';
  const watched = vmRejuv(installation, ['rejuvenate', name, '--watch'], {}, (text) => (said += text));

  await expect.poll(() => statusOf(installation), LOOKING).toMatchObject({ doing: '1 request in flight at the primary' });
  await expect.poll(() => said, { timeout: 60_000 }).toContain('awaitDrain: 1 request in flight at the primary');
  expect((await slow).status).toBe(200);
  expect((await watched).code).toBe(0);
});

test('why a restart waits is told as of when, and anew when a retry has failed for the same reason', async () => {
  // The request outlasts everything that is looked at here, and ends with who sends it.
  const requestMs = 600_000;
  const limits = { requestTimeoutMs: 2 * requestMs, drain: { limitMs: 300, policy: 'stop' } };
  const { shop } = obstinateShop({ limits });
  const { installation, startRestart, name, url, cookie } = await serveSomebody(shop);
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  void fetch(`${url}/shop/slow?ms=${requestMs}`, { headers: { cookie }, signal: leaving.signal }).catch(() => undefined);
  const handle = await startRestart();
  let said = '';
  const watched = vmRejuv(installation, ['rejuvenate', name, '--watch', '--json'], {}, (text) => (said += text));
  const timesTold = (): number => said.split('DRAIN_LIMIT').length - 1;

  const drained = { waiting: expect.stringContaining('1 requests in flight') as string, code: 'DRAIN_LIMIT' };
  await expect.poll(() => statusOf(installation), LOOKING).toMatchObject(drained);
  const { waitingSince } = await statusOf(installation);
  expect(Date.parse(String(waitingSince))).toBeLessThanOrEqual(Date.now());
  expect((await vmRejuv(installation, ['status'])).stdout).toContain(
    `as of ${String(waitingSince)} it waits for an operator: Pool`,
  );
  await expect.poll(timesTold, { timeout: 60_000 }).toBe(1);
  expect((await vmRejuv(installation, ['retry', name])).code).toBe(0);
  const since = async (): Promise<unknown> => (await statusOf(installation))['waitingSince'] ?? waitingSince;
  await expect.poll(since, LOOKING).not.toBe(waitingSince);

  await expect.poll(timesTold, { timeout: 60_000 }).toBe(2);

  await handle.terminate();
  expect(jsonLines(await watched).filter(({ code }) => code === 'DRAIN_LIMIT')).toMatchObject([
    { ...drained, waitingSince },
    { ...drained, waitingSince: expect.not.stringMatching(String(waitingSince)) as string },
  ]);
});
