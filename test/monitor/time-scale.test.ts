import { expect, onTestFinished, test } from 'vitest';
import { seriesOf } from '../../aging/series.js';
import { PoolMonitor } from '../../monitor/pool-monitor.js';
import { ScaledClock } from '../../monitor/scaled-clock.js';
import type { Database } from '../../state/database.js';
import { openDatabase } from '../../state/database.js';
import { readBoot, readVerdict } from '../../state/monitoring.js';
import { lastSampleMs, readSamples } from '../../state/sample.js';
import type { TestProxy } from '../fixtures/proxy.js';
import { startTestProxy } from '../fixtures/proxy.js';

const HOUR_MS = 3_600_000;
/** Clocks of two hosts may differ by so much. */
const AHEAD_MS = 5 * 60_000;
const nothing = (): Promise<void> => Promise.resolve();

async function watchedPool(): Promise<{ pool: TestProxy['pool']; database: Database }> {
  const { pool, database: own } = await startTestProxy((_request, response) => response.end());
  const database = openDatabase(own.url);
  onTestFinished(() => database.end());
  return { pool, database };
}

/** Watches until `isOver`; resolves with what it has logged. */
async function watch(
  { pool, database }: { pool: TestProxy['pool']; database: Database },
  timeScale: number,
  isOver: () => Promise<boolean>,
): Promise<string[]> {
  const lines: string[] = [];
  const stop = new AbortController();
  // What was judged within a cooldown is judged once more.
  const detection = { ...pool.monitor.detection, judgeEveryMs: 50 * timeScale, cooldownMs: 50 * timeScale };
  const clock = new ScaledClock(timeScale);
  if (timeScale > 1) clock.notBefore(Date.now() + HOUR_MS);
  const monitor = new PoolMonitor({
    pool: { ...pool, monitor: { ...pool.monitor, intervalMs: 20, timeScale, detection } },
    database,
    driver: { status: () => Promise.resolve({ power: 'on', incarnation: 'boot-1' }), verify: nothing },
    samplers: [{ name: 'test', sample: () => Promise.resolve([{ series: seriesOf('threads', 'threads', 100), value: 20 }]) }],
    evidences: { look: () => Promise.resolve([]), reset: () => undefined },
    clock,
    leadership: { leads: () => Promise.resolve(true), resign: nothing },
    isRunOpen: () => Promise.resolve(false),
    reports: { swapped: nothing, aging: nothing, down: nothing, anomaly: nothing },
    log: (line) => lines.push(line),
  });
  const ended = monitor.run(stop.signal);
  try {
    await expect.poll(isOver, { timeout: 20_000 }).toBe(true);
  } finally {
    stop.abort();
    await ended;
  }
  return lines;
}

test('what a faster clock has recorded of the future is deleted and said so, and the machine is watched as of now', async () => {
  const watched = await watchedPool();
  const { pool, database } = watched;
  const last = async (): Promise<number> => (await lastSampleMs(database, pool.name)) ?? 0;
  await watch(watched, 10_000, async () => (await last()) > Date.now() + 2 * HOUR_MS);
  const bootOfFuture = await readBoot(database, pool.name);
  expect(bootOfFuture?.bootedAtMs).toBeGreaterThan(Date.now() + AHEAD_MS);

  const isJudgedAnew = async (): Promise<boolean> => {
    const verdict = (await readVerdict(database, pool.name))?.verdict as { atMs: number } | null | undefined;
    return (await last()) < Date.now() + AHEAD_MS && verdict != null && verdict.atMs < Date.now() + AHEAD_MS;
  };
  const lines = await watch(watched, 1, isJudgedAnew);

  expect(lines).toEqual([expect.stringMatching(/^\d+ samples of pool shop had times that are still to come, .*: deleted$/)]);
  expect((await readBoot(database, pool.name))?.bootedAtMs).toBeLessThan(Date.now() + AHEAD_MS);
}, 60_000);

test('a faster clock goes on from where one of before has been, and takes nothing away', async () => {
  const watched = await watchedPool();
  const { pool, database } = watched;
  const last = async (): Promise<number> => (await lastSampleMs(database, pool.name)) ?? 0;
  await watch(watched, 10_000, async () => (await last()) > Date.now() + 2 * HOUR_MS);
  const before = await readSamples(database, pool.name, 0);

  const lines = await watch(watched, 10_000, async () => (await last()) > (before.at(-1)?.atMs ?? 0));

  expect(lines).toEqual([]);
  const after = await readSamples(database, pool.name, 0);
  expect(after.slice(0, before.length)).toEqual(before);
  expect(after.filter(({ series }) => series === 'boot')).toHaveLength(1);
}, 60_000);
