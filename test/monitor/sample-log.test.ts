import { expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../../aging/policy.js';
import { SampleLog } from '../../monitor/sample-log.js';
import { migrate } from '../../state/migrate.js';
import { recordBoot } from '../../state/monitoring.js';
import { ensurePool } from '../../state/pool.js';
import type { SampleRow } from '../../state/sample.js';
import { countSamples, readSamples, recordSamples } from '../../state/sample.js';
import { openTestDatabase } from '../fixtures/postgres.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 0, 20, 8, 30);

test('samples of the last day are kept one by one, those before by five minutes, and none for longer than detection looks back', async () => {
  const { url, database } = await openTestDatabase();
  await migrate(url);
  await ensurePool(database, { name: 'shop', machines: [{ name: 'a' }, { name: 'b' }] });
  const row = (atMs: number, series = 'threads'): SampleRow => ({ machine: 'a', series, atMs, value: atMs % 7, limit: 100 });
  const hourAt = (fromMs: number): SampleRow[] => Array.from({ length: 60 }, (_, minute) => row(fromMs + minute * MINUTE));
  const [forgotten, twoDaysAgo, threeHoursAgo] = [NOW - 20 * DAY, NOW - 2 * DAY, NOW - 3 * HOUR];
  await recordSamples(database, 'shop', [forgotten, twoDaysAgo, threeHoursAgo].flatMap(hourAt));
  await recordSamples(database, 'shop', [row(twoDaysAgo + 1000, 'boot')]);

  const log = new SampleLog(database, 'shop', DEFAULT_POLICY);
  for (let minute = 0; minute < 4; minute++) await log.write(NOW + minute * MINUTE);

  const found = await readSamples(database, 'shop', 0);
  const between = (fromMs: number): SampleRow[] => found.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + HOUR);
  expect(found.length).toBe(between(twoDaysAgo).length + between(threeHoursAgo).length);
  expect(between(threeHoursAgo)).toEqual(hourAt(threeHoursAgo));
  const [boot, ...thin] = between(twoDaysAgo).sort((one, other) => one.series.localeCompare(other.series));
  expect(boot).toEqual(row(twoDaysAgo + 1000, 'boot'));
  expect(thin).toHaveLength(12);
  const five = hourAt(twoDaysAgo)
    .slice(0, 5)
    .map(({ value }) => value);
  expect(thin[0]).toMatchObject({
    ...{ limit: 100, atMs: twoDaysAgo + 4 * MINUTE },
    gathered: { min: Math.min(...five), max: Math.max(...five), count: 5 },
  });
  expect(thin[0]?.value).toBeCloseTo(five.reduce((sum, value) => sum + value, 0) / 5, 9);

  // Thinning takes no sample out of the count, and a boot is none.
  await recordBoot(database, 'shop', { machine: 'a', incarnation: '1', bootedAtMs: twoDaysAgo });
  expect(await countSamples(database, 'shop')).toBe(120);

  // Another one that leads finds nothing to do.
  const next = new SampleLog(database, 'shop', DEFAULT_POLICY);
  for (let minute = 0; minute < 2; minute++) await next.write(NOW + minute * MINUTE);
  expect(await readSamples(database, 'shop', 0)).toEqual(found);
});
