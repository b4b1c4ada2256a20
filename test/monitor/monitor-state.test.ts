import { expect, onTestFinished, test } from 'vitest';
import { seriesOf } from '../../aging/series.js';
import { describeMonitor, monitorStatus } from '../../cli/monitor-status.js';
import type { MonitorStatus } from '../../cli/monitor-status.js';
import { OperatorError } from '../../config/operator-error.js';
import type { PoolConfig } from '../../config/types.js';
import type { DownEvidence } from '../../monitor/down-watch.js';
import { PoolMonitor } from '../../monitor/pool-monitor.js';
import { ScaledClock } from '../../monitor/scaled-clock.js';
import type { Database } from '../../state/database.js';
import { openDatabase } from '../../state/database.js';
import { Leadership } from '../../state/leadership.js';
import { monitorOf } from '../../state/monitor-state.js';
import { startTestProxy } from '../fixtures/proxy.js';

const PATIENCE = { timeout: 20_000 };
const nothing = (): Promise<void> => Promise.resolve();

interface Watched {
  database: Database;
  /** Leads, and does nothing, until the end of the test. */
  lead: () => Promise<void>;
  look: (isJudged?: boolean) => Promise<MonitorStatus>;
  /** What the supervisor was told of anomalies: about, and evidence or null. */
  told: [string, string | null][];
  /** What samplers and witnesses find from now on. */
  world: { isSamplerWell: boolean; evidence: DownEvidence[]; isTemporalAway: boolean; off: Set<string> };
  /** Begins to watch; resolves with what ends it. */
  start: () => () => Promise<void>;
}

async function watchedPool(): Promise<Watched> {
  const { pool: made, database: own } = await startTestProxy((_request, response) => response.end());
  const database = openDatabase(own.url);
  onTestFinished(() => database.end());
  const policy = {} as PoolConfig['policy'];
  const monitor = { ...made.monitor, intervalMs: 30, timeoutMs: 5000, down: { intervalMs: 20, looks: 3 } };
  const pool: PoolConfig = { ...made, policy, monitor };
  const told: Watched['told'] = [];
  const world: Watched['world'] = { isSamplerWell: true, evidence: [], isTemporalAway: false, off: new Set() };
  return {
    ...{ database, told, world },
    async lead() {
      const idle = new Leadership(own.url, monitorOf(pool.name));
      onTestFinished(() => idle.resign());
      expect(await idle.leads()).toBe(true);
    },
    look: async (isJudged = false) => {
      const seen = await monitorStatus(pool, database, isJudged);
      if (seen === null) throw new Error('Nobody is to watch it.');
      return seen;
    },
    start() {
      const stop = new AbortController();
      const running = new PoolMonitor({
        ...{ pool, database, clock: new ScaledClock(1), log: () => undefined },
        driver: {
          status: (machine) =>
            Promise.resolve(
              world.off.has(machine) ? { power: 'off', incarnation: null } : { power: 'on', incarnation: 'boot-1' },
            ),
          verify: nothing,
        },
        samplers: [
          { name: 'well', sample: () => Promise.resolve([{ series: seriesOf('threads', 'threads', 100), value: 20 }]) },
          {
            name: 'moody',
            sample: () =>
              world.isSamplerWell
                ? Promise.resolve([])
                : Promise.reject(new OperatorError('METRIC_MISSING', 'No metric.', 'Look.')),
          },
        ],
        evidences: { look: () => Promise.resolve(world.evidence), reset: () => undefined },
        leadership: new Leadership(own.url, monitorOf(pool.name)),
        isRunOpen: () => Promise.resolve(false),
        reports: {
          ...{ aging: nothing, down: nothing, swapped: () => Promise.resolve(void told.push(['swapped', null])) },
          anomaly: (about, evidence) =>
            world.isTemporalAway ? Promise.reject(new Error('away')) : Promise.resolve(void told.push([about, evidence])),
        },
      }).run(stop.signal);
      const end = async (): Promise<void> => {
        stop.abort();
        await running;
      };
      onTestFinished(end);
      return end;
    },
  };
}

test('a monitor is seen from its start, learning, with its samplers as they are now, and as nobody once it has ended', async () => {
  const { look, start } = await watchedPool();
  expect(await look()).toMatchObject({ state: 'nobody', worker: null, since: null, samplers: [] });
  const end = start();

  await expect.poll(async () => (await look()).samples, PATIENCE).toBeGreaterThan(2);
  const learning = await look();
  expect(learning).toMatchObject({ state: 'learning', worker: expect.stringMatching(/\/\d+$/) as string, anomalies: [] });
  expect(describeMonitor(learning)[0]).toMatch(/^monitor: learning, .* watches since .*Z, \d+ samples so far$/);
  const before = learning.samplers[0]?.lastSuccessAt ?? '';
  await expect.poll(async () => (await look()).samplers[0]?.lastSuccessAt ?? '', PATIENCE).not.toBe(before);
  expect((await look(true)).state).toBe('watching');

  await end();
  const over = await look(true);
  expect(over).toMatchObject({ state: 'nobody', worker: learning.worker });
  expect(describeMonitor(over)[0]).toMatch(/^monitor: nobody watches the pool \(.*\): start a worker/);
});

test('one that leads and is not heard of is silent', async () => {
  const { database, lead, look, start } = await watchedPool();
  const end = start();
  await expect.poll(async () => (await look()).state, PATIENCE).toBe('learning');
  await end();
  await lead();

  await database.query("update monitor set seen_at = now() - interval '1 minute'");

  expect(await look(true)).toMatchObject({ state: 'silent' });
  expect(describeMonitor(await look(true))[0]).toMatch(/leads it, and was not heard of since .*Z: look at that worker$/);
});

test('a sampler that dies is told once with its code, once more by the worker that goes on, and is over when it works again', async () => {
  const { look, start, told, world } = await watchedPool();
  world.isSamplerWell = false;
  const end = start();
  await expect.poll(async () => (await look()).samplers[1]?.deadSince ?? null, PATIENCE).not.toBeNull();
  expect((await look()).samplers[1]).toMatchObject({
    lastSuccessAt: null,
    failure: { code: 'METRIC_MISSING', message: 'No metric.' },
  });
  expect(describeMonitor(await look()).join('\n')).toMatch(
    /sampler moody: dead since .*Z, no sample yet: METRIC_MISSING: No metric\.$/,
  );
  await expect.poll(() => told.length, PATIENCE).toBe(1);
  await expect.poll(async () => (await look()).anomalies, PATIENCE).toMatchObject([{ about: 'sampler moody' }]);
  await end();

  start();
  await expect.poll(() => told.length, PATIENCE).toBe(2);
  world.isSamplerWell = true;
  await expect.poll(() => told.length, PATIENCE).toBe(3);

  expect(told).toEqual([
    ['sampler moody', expect.stringContaining('METRIC_MISSING')],
    ['sampler moody', expect.stringContaining('METRIC_MISSING')],
    ['sampler moody', null],
  ]);
  await expect.poll(async () => (await look()).anomalies, PATIENCE).toEqual([]);
  expect((await look()).samplers[1]).toMatchObject({ failure: null, deadSince: null });
});

test('what could not be told while Temporal was away, of a sampler that dies or works again, the worker that goes on tells', async () => {
  const { look, start, told, world } = await watchedPool();
  const restart = async (end: () => Promise<void>): Promise<() => Promise<void>> => {
    await end();
    world.isTemporalAway = false;
    return start();
  };
  Object.assign(world, { isTemporalAway: true, isSamplerWell: false });
  const first = start();
  await expect.poll(async () => (await look()).anomalies, PATIENCE).toMatchObject([{ about: 'sampler moody' }]);
  const second = await restart(first);
  await expect.poll(() => told, PATIENCE).toEqual([['sampler moody', expect.stringContaining('METRIC_MISSING')]]);

  Object.assign(world, { isTemporalAway: true, isSamplerWell: true });
  await expect.poll(async () => (await look()).anomalies, PATIENCE).toEqual([]);
  await restart(second);

  await expect.poll(() => told.slice(1), PATIENCE).toEqual([['sampler moody', null]]);
});

test('a hot standby that dies is told of once, and that it is well again', async () => {
  const { look, start, told, world } = await watchedPool();
  start();
  await expect.poll(async () => (await look()).samples, PATIENCE).toBeGreaterThan(2);
  world.off.add('b');

  await expect.poll(async () => (await look()).anomalies, PATIENCE).toMatchObject([{ about: 'standby b' }]);
  expect(describeMonitor(await look()).join('\n')).toMatch(/wrong since .*: the standby b is off, .*: vm-rejuv boot shop$/);
  world.off.delete('b');
  await expect.poll(async () => (await look()).anomalies, PATIENCE).toEqual([]);

  await expect
    .poll(() => told, PATIENCE)
    .toEqual([
      ['standby b', expect.stringContaining('the standby b is off')],
      ['standby b', null],
    ]);
});

test('that another machine is active by now is told: a wish for a restart may be met by that', async () => {
  const { database, look, start, told } = await watchedPool();
  start();
  await expect.poll(async () => (await look()).samples, PATIENCE).toBeGreaterThan(2);

  await database.query("update pool set active = 'b', standby = 'a'");

  await expect.poll(() => told, PATIENCE).toEqual([['swapped', null]]);
});

test('evidence of one kind that stays is an anomaly until it is over', async () => {
  const { look, start, told, world } = await watchedPool();
  world.evidence = [{ kind: 'health', text: 'the worker: refused' }];
  start();

  await expect.poll(async () => (await look()).anomalies, PATIENCE).toMatchObject([{ about: 'lone evidence' }]);
  expect(describeMonitor(await look()).join('\n')).toMatch(
    /wrong since .*: the worker: refused; a fail-over needs a second kind/,
  );
  world.evidence = [];
  await expect.poll(async () => (await look()).anomalies, PATIENCE).toEqual([]);

  await expect
    .poll(() => told, PATIENCE)
    .toEqual([
      ['lone evidence', expect.stringContaining('the worker: refused')],
      ['lone evidence', null],
    ]);
});

test('a machine that is off has no new samples, and its samplers no trouble', async () => {
  const { look, start, told, world } = await watchedPool();
  start();
  await expect.poll(async () => (await look()).samplers[0]?.lastSuccessAt ?? null, PATIENCE).not.toBeNull();

  world.isSamplerWell = false;
  world.off.add('a');
  const heardOf = async (): Promise<number> => (await look()).seenAt?.getTime() ?? 0;
  const off = await heardOf();
  await expect.poll(heardOf, PATIENCE).toBeGreaterThan(off + 500);

  expect((await look()).samplers[1]).toEqual({ sampler: 'moody', lastSuccessAt: null, failure: null, deadSince: null });
  expect(told).toEqual([]);
});
