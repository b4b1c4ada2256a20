import { expect, onTestFinished, test } from 'vitest';
import { PoolMonitor } from '../../monitor/pool-monitor.js';
import { ScaledClock } from '../../monitor/scaled-clock.js';
import { TrafficSampler } from '../../monitor/traffic-sampler.js';
import type { Database } from '../../state/database.js';
import { openDatabase } from '../../state/database.js';
import { readSamples, recordSamples } from '../../state/sample.js';
import { startTestProxy } from '../fixtures/proxy.js';

const POOL = 'shop';
const nothing = (): Promise<void> => Promise.resolve();
const QUIET = { serverErrors: 0, timeouts: 0, broken: 0, busy: 0, latency: [], inFlight: 0 };

async function counted(database: Database): Promise<number[]> {
  return (await readSamples(database, POOL, 0)).filter(({ series }) => series === 'requests').map(({ value }) => value);
}

/**
 * What stands in the database of requests after two terms: 1200 are written down in the first, which ends while a sample with 600 more is not.
 * `between` is what happens before the next one, beside 40 more requests; in that come 500.
 */
async function countedInTwoTerms(between: (database: Database) => Promise<void>, last: number): Promise<number[]> {
  const { pool, database: own } = await startTestProxy((_request, response) => response.end());
  const database = openDatabase(own.url);
  const world = { answered: 0, asked: 0, breaks: false };
  const proxies = {
    traffic: () => {
      world.asked++;
      return Promise.resolve([{ incarnation: 'p', machines: { a: { ...QUIET, answered: world.answered } } }]);
    },
  };
  const askedTwice = (): Promise<void> => {
    const { asked } = world;
    return expect.poll(() => world.asked).toBeGreaterThan(asked + 1);
  };
  // While it asks whether it leads it writes nothing.
  const leads = async (): Promise<boolean> => {
    if (!world.breaks) return true;
    world.breaks = false;
    world.answered += 600;
    await askedTwice();
    await between(database);
    world.answered += 40;
    throw new Error('The connection broke.');
  };
  const lines: string[] = [];
  const stop = new AbortController();
  const ended = new PoolMonitor({
    ...{ pool: { ...pool, monitor: { ...pool.monitor, intervalMs: 40 } }, database, clock: new ScaledClock(1) },
    driver: { status: () => Promise.resolve({ power: 'on', incarnation: 'boot-1' }), verify: nothing },
    samplers: [new TrafficSampler(proxies, { maxConnections: 10, tooSlowMs: 1000 })],
    evidences: { look: () => Promise.resolve([]), reset: () => undefined },
    leadership: { leads, resign: nothing },
    isRunOpen: () => Promise.resolve(false),
    reports: { swapped: nothing, aging: nothing, down: nothing, anomaly: nothing },
    log: (line) => lines.push(line),
  }).run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await ended;
    await database.end();
  });
  await askedTwice();
  world.answered += 1200;
  await expect.poll(() => counted(database)).toContain(1200);
  world.breaks = true;
  await expect.poll(() => lines).toHaveLength(1);
  await askedTwice();
  world.answered += 500;
  await expect.poll(async () => (await counted(database)).at(-1)).toBe(last);
  return counted(database);
}

test('the counter of requests falls in no new term, which would be a boot: it loses nothing, and what another has counted since is not counted again', async () => {
  const another = async (database: Database): Promise<void> => {
    await database.query("update monitor set worker = 'elsewhere/1'");
    const atMs = Date.now() + 1;
    await recordSamples(database, POOL, [{ machine: 'a', series: 'requests', atMs, value: 1300, limit: null }]);
  };
  const [alone, others] = await Promise.all([
    countedInTwoTerms(nothing, 1200 + 600 + 40 + 500),
    countedInTwoTerms(another, 1300 + 500),
  ]);

  for (const counts of [alone, others]) expect(counts).toEqual([...counts].sort((one, other) => one - other));
  expect(alone).toContain(1800);
});
