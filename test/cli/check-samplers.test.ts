import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createDriver } from '../../activities/hypervisor/create-driver.js';
import { checkSamplers } from '../../cli/check-samplers.js';
import { nodeShop } from '../../demo/node-shop.js';
import { openDatabase } from '../../state/database.js';
import { readSamples } from '../../state/sample.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { startTestProxy } from '../fixtures/proxy.js';
import { jsonLines, vmRejuv } from '../fixtures/vm-rejuv.js';

async function exporter(answer: (request: IncomingMessage) => string): Promise<number> {
  const server = createServer((request, response) => response.end(answer(request)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test('each sampler is tried once, and says what it measures or what is wrong, and nothing is kept of it', async () => {
  const port = await exporter(() => 'jvm_threads_current 23\nbusy 23\n');
  const { installation } = await createTestInstallation(async (directory, url) => {
    const shop = await nodeShop(directory, url);
    const metric = { url: `http://{host}:${port}/metrics`, metric: 'jvm_threads_current', kind: 'threads', limit: 800 };
    const prometheus = [
      metric,
      { ...metric, metric: 'absent' },
      { ...metric, metric: 'busy', limit: 22 },
      { ...metric, metric: 'refused', url: 'http://{host}:1/metrics' },
    ];
    return { ...shop, pool: { ...shop.pool, policy: {}, monitor: { prometheus, memoryLimit: '2 GiB' } } };
  });
  const { name } = installation.pool;
  await installation.bootMachines('node-a');
  const samplers = async (): Promise<Record<string, Record<string, unknown>>> => {
    const ended = await vmRejuv(installation, ['check', '--json']);
    // No worker runs.
    expect(ended.code).toBe(1);
    const lines = jsonLines(ended) as { check: string }[];
    const found = lines.filter(({ check }) => check.includes(': sampler '));
    return Object.fromEntries(found.map(({ check, ...line }) => [check.replace(`${name}: sampler `, ''), line]));
  };

  const without = await samplers();
  expect(without).toMatchObject({
    'traffic measures node-a': { ok: false, code: 'NO_PROXY' },
    'memory measures node-a': {
      ...{ ok: true, sampler: 'memory', machine: 'node-a' },
      readings: [{ series: 'memory', value: expect.any(Number) as number, limit: 2048 }],
    },
    'memory measures node-b': { ok: null, notChecked: 'node-b is off' },
    'prometheus jvm_threads_current measures node-a': { ok: true, readings: [{ value: 23, limit: 800 }] },
    'prometheus absent measures node-a': {
      ...{ ok: false, code: 'METRIC_MISSING', remedy: expect.stringContaining('monitor.prometheus') as string },
    },
    'prometheus busy measures node-a': {
      ...{ ok: false, code: 'LIMIT_TOO_LOW', remedy: expect.stringContaining(`pools.${name}.monitor`) as string },
      message: expect.stringContaining('threads:busy at 23 threads, above its limit of 22 threads') as string,
    },
    'prometheus refused measures node-a': { ok: false, code: 'METRICS_UNREACHABLE' },
    'prometheus refused measures node-b': { ok: null },
  });
  expect(Object.keys(without)).toHaveLength(11);

  await installation.startProxy();
  expect((await samplers())['traffic measures node-a']).toMatchObject({ ok: true, readings: [{ series: 'requests' }, {}] });
  const { stdout } = await vmRejuv(installation, ['check']);
  expect(stdout).toMatch(/^ok {4}.*: sampler memory measures node-a: memory [\d.]+ MiB of 2048$/m);
  expect(stdout).toMatch(/^-- {4}.*: sampler memory measures node-b: not checked, node-b is off$/m);
  expect(stdout).toMatch(/^FAIL {2}.*: sampler prometheus absent measures node-a\n {6}METRIC_MISSING: /m);
  const database = openDatabase(installation.env['VM_REJUV_DATABASE_URL'] ?? '');
  onTestFinished(() => database.end());
  expect(await readSamples(database, name, 0)).toEqual([]);
}, 180_000);

test('a Tomcat is asked, and not told to collect; the standby of a cold pool is not asked', async () => {
  const asked: string[] = [];
  const port = await exporter(({ url = '' }) => {
    asked.push(url);
    return 'OK - Number of results: 1\n\nName: java.lang:type=Threading\nThreadCount: 31\n';
  });
  const { pool: plain } = await startTestProxy((_request, response) => response.end());
  const [first, second] = plain.machines;
  const pool: typeof plain = {
    ...plain,
    standby: 'cold',
    machines: [{ ...first, url: `http://127.0.0.1:${port}` }, second],
    sessions: {
      ...{
        mechanism: 'tomcat-swap',
        contexts: ['/shop'],
        store: { type: 'file' },
        loseContexts: [],
        virtualHost: 'localhost',
        loseSingleSignOn: false,
        oneRequestAtATime: false,
        canary: null,
      },
      manager: { user: 'u', password: 'p', path: '/manager' },
    },
    monitor: { ...plain.monitor, collectEveryMs: 60_000 },
  };
  const lines: string[] = [];

  await checkSamplers(
    {
      ...{ pool, active: pool.machines[0], off: [], whyNoProxy: 'none runs', driver: createDriver(pool) },
      fleet: { trafficOfAll: () => Promise.reject(new Error('It was asked all the same.')) },
    },
    async (what, work, found) => {
      let skipped: string | undefined;
      const value = await work({
        notChecked: (why) => void (skipped = why),
        onSeen: () => undefined,
        signal: new AbortController().signal,
      });
      lines.push(`${what}${skipped === undefined ? (found?.(value).text ?? '') : `, ${skipped}`}`);
      return value;
    },
  );

  expect(lines).toEqual([
    'shop: sampler traffic measures a, none runs',
    'shop: sampler memory measures a, its hypervisor does not tell',
    expect.stringMatching(/^shop: sampler jmx measures a: .*threads 31 threads of 2000/),
  ]);
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter((url) => !url.includes('?qry='))).toEqual([]);
});
