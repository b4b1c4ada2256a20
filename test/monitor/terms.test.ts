import { expect, onTestFinished, test } from 'vitest';
import type { PoolConfig } from '../../config/types.js';
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

class World {
  answered = 0;
  /** How often the proxies were asked for what they have counted. */
  asked = 0;

  askedTwice(): Promise<void> {
    const { asked } = this;
    return expect.poll(() => this.asked).toBeGreaterThan(asked + 1);
  }
}

/** Watches the pool of these proxies until the test ends, or `end` is called. */
function startMonitor(
  world: World,
  pool: PoolConfig,
  database: Database,
  leads = (): Promise<boolean> => Promise.resolve(true),
): { lines: string[]; end: () => Promise<void> } {
  const proxies = {
    traffic: () => {
      world.asked++;
      return Promise.resolve([{ incarnation: 'p', machines: { a: { ...QUIET, answered: world.answered } } }]);
    },
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
  const end = async (): Promise<void> => {
    stop.abort();
    await ended;
  };
  onTestFinished(end);
  return { lines, end };
}

async function startPool(): Promise<{ pool: PoolConfig; database: Database }> {
  const { pool, database: own } = await startTestProxy((_request, response) => response.end());
  const database = openDatabase(own.url);
  onTestFinished(() => database.end());
  return { pool, database };
}

/** Another worker has led since, and has counted up to `value`. */
async function anotherHasCounted(database: Database, value: number): Promise<void> {
  await database.query("update monitor set worker = 'elsewhere/1'");
  await recordSamples(database, POOL, [{ machine: 'a', series: 'requests', atMs: Date.now() + 1, value, limit: null }]);
}

/**
 * What stands in the database of requests after two terms: 1200 are written down in the first, which ends while a sample with 600 more is not.
 * `between` is what happens before the next one, beside 40 more requests; in that come 500.
 */
async function countedInTwoTerms(between: (database: Database) => Promise<void>, last: number): Promise<number[]> {
  const { pool, database } = await startPool();
  const world = new World();
  let breaks = false;
  // While it asks whether it leads it writes nothing.
  const leads = async (): Promise<boolean> => {
    if (!breaks) return true;
    breaks = false;
    world.answered += 600;
    await world.askedTwice();
    await between(database);
    world.answered += 40;
    throw new Error('The connection broke.');
  };
  const { lines } = startMonitor(world, pool, database, leads);
  await world.askedTwice();
  world.answered += 1200;
  await expect.poll(() => counted(database)).toContain(1200);
  breaks = true;
  await expect.poll(() => lines).toHaveLength(1);
  await world.askedTwice();
  world.answered += 500;
  await expect.poll(async () => (await counted(database)).at(-1)).toBe(last);
  return counted(database);
}

test('the counter of requests falls in no new term, which would be a boot: it loses nothing, and what another has counted since is not counted again', async () => {
  const [alone, others] = await Promise.all([
    countedInTwoTerms(nothing, 1200 + 600 + 40 + 500),
    countedInTwoTerms((database) => anotherHasCounted(database, 1300), 1300 + 500),
  ]);

  for (const counts of [alone, others]) expect(counts).toEqual([...counts].sort((one, other) => one - other));
  expect(alone).toContain(1800);
});

test('a worker whose first term breaks while it reads what another has counted goes on from that in the next', async () => {
  const { pool, database } = await startPool();
  const world = new World();
  const first = startMonitor(world, pool, database);
  await world.askedTwice();
  world.answered += 1200;
  await expect.poll(() => counted(database)).toContain(1200);
  await first.end();
  await anotherHasCounted(database, 5000);

  const { lines } = startMonitor(world, pool, breakingOnce(database, /from sample/));
  await expect.poll(() => lines).toHaveLength(1);
  await world.askedTwice();
  world.answered += 100;
  await expect.poll(async () => (await counted(database)).at(-1)).toBe(5100);
  expect((await counted(database)).slice((await counted(database)).indexOf(5000)).every((value) => value >= 5000)).toBe(true);
});

/** The first such query finds no connection. */
function breakingOnce(database: Database, query: RegExp): Database {
  let breaks = true;
  return new Proxy(database, {
    get: (pool, name) => {
      const value: unknown = Reflect.get(pool, name);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        if (name !== 'query' || !breaks || !query.test(String(given[0]))) return Reflect.apply(value, pool, given);
        breaks = false;
        return Promise.reject(new Error('The connection broke.'));
      };
    },
  });
}
