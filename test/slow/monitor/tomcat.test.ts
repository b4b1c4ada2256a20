import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tomcatShop } from '../../../demo/tomcat-shop.js';
import { openDatabase } from '../../../state/database.js';
import { readBoot, readVerdict } from '../../../state/monitoring.js';
import { readSamples } from '../../../state/sample.js';
import { rejuvenateSignal } from '../../../workflows/supervisor-messages.js';
import { jsonLines, vmRejuv } from '../../fixtures/vm-rejuv.js';
import { startShopUnderLoad } from '../../fixtures/shop-under-load.js';

const INTERVAL_MS = 250;

test('a Tomcat under load is measured from inside and outside, and anew after its restart', async () => {
  const { installation, client } = await startShopUnderLoad(
    async (directory) => {
      const shop = await tomcatShop(directory);
      // A second is ten minutes: it is judged twice a second.
      const monitor = { intervalMs: INTERVAL_MS, timeScale: 600, collectEveryMs: 600_000 };
      return { ...shop, pool: { ...shop.pool, policy: {}, monitor } };
    },
    { users: 30, rate: 100 },
  );
  const { name } = installation.pool;
  const database = openDatabase(installation.env['VM_REJUV_DATABASE_URL'] ?? '');
  try {
    const seriesOf = async (machine: string): Promise<string[]> => [
      ...new Set((await readSamples(database, name, 0)).filter((row) => row.machine === machine).map(({ series }) => series)),
    ];
    const wanted = [
      ...['boot', 'requests', 'connections:proxy', 'errorRate', 'timeoutRate', 'queueFullRate'],
      ...['latencyP50', 'latencyP95', 'latencyP99', 'memory', 'heap', 'heapAfterGc', 'threads', 'fileHandles', 'gcShare'],
    ];

    await expect.poll(() => seriesOf('tomcat-a')).toEqual(expect.arrayContaining(wanted));
    expect(await seriesOf('tomcat-a')).toContainEqual(expect.stringMatching(/^threads:http-nio/));
    const rows = await readSamples(database, name, 0);
    const latest = (series: string): (typeof rows)[0] | undefined => rows.findLast((row) => row.series === series);
    expect(latest('threads')).toMatchObject({ limit: 2000 });
    // -Xmx512m less one survivor space.
    expect(latest('heap')?.limit).toBeGreaterThan(450);
    expect(latest('heapAfterGc')?.value).toBeLessThan(100);
    expect(latest('errorRate')?.value).toBe(0);
    await expect
      .poll(async () => (await readVerdict(database, name))?.verdict)
      .toMatchObject({
        aging: false,
        deadSamplers: [],
      });
    const before = await readBoot(database, name);
    // What was recorded can be judged once more, without any of it.
    const file = join(installation.directory, 'samples.csv');
    await writeFile(file, (await vmRejuv(installation, ['samples', name])).stdout);
    const [summary] = jsonLines(await vmRejuv(installation, ['replay-samples', file, '--json'])).slice(-1);
    expect(summary).toMatchObject({ alarms: 0, samples: expect.any(Number) as number });
    await client.workflow.getHandle(`pool/${name}`).signal(rejuvenateSignal, {});

    await expect.poll(async () => (await readBoot(database, name))?.machine).toBe('tomcat-b');
    await expect.poll(() => seriesOf('tomcat-b')).toEqual(expect.arrayContaining(wanted));
    expect(before?.machine).toBe('tomcat-a');
    const boots = (await readSamples(database, name, 0)).filter(({ series }) => series === 'boot');
    expect(boots.map(({ machine }) => machine)).toEqual(['tomcat-a', 'tomcat-b']);
  } finally {
    await database.end();
  }
});

test('a sampler that cannot reach the machine is an anomaly that the supervisor has in its history', async () => {
  const { installation, client } = await startShopUnderLoad(
    async (directory) => {
      const shop = await tomcatShop(directory);
      const prometheus = [{ url: 'http://{host}:1/metrics', metric: 'jvm_threads_current', kind: 'threads' }];
      return { ...shop, pool: { ...shop.pool, policy: {}, monitor: { intervalMs: 100, prometheus } } };
    },
    { users: 10, rate: 20 },
  );
  const history = (): Promise<unknown> => client.workflow.getHandle(`pool/${installation.pool.name}`).query('history');

  await expect.poll(history).toEqual([
    expect.objectContaining({
      ...{ what: 'anomalySeen', code: 'NOTED', count: 1 },
      reason: expect.stringMatching(/^sampler prometheus jvm_threads_current fails: .*ECONNREFUSED/) as string,
    }),
  ]);
});
