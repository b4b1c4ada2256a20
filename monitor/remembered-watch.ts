// What a monitor of before has seen of a pool, made into a watch that goes on from there.

import { setImmediate } from 'node:timers/promises';
import { historyMs } from '../aging/history.js';
import type { Recorded } from '../aging/recording.js';
import { BOOT } from '../aging/recording.js';
import { WatchRestore } from '../aging/restore.js';
import { kindOf, seriesOf } from '../aging/series.js';
import type { AgingWatch } from '../aging/watch.js';
import type { PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import type { BootRow } from '../state/monitoring.js';
import type { SampleRow } from '../state/sample.js';
import { readSamples } from '../state/sample.js';

/** What is read and taken up at a time: some ten thousand rows. */
const SLICE_MS = 12 * 3_600_000;

export interface Remembered {
  watch: AgingWatch;
  /** The last values of this boot, by name of the series. */
  latest: ReadonlyMap<string, number>;
}

/** Of the samples that are kept; `nowMs` is by the monitor's clock. In slices: on the same thread steps of a restart send their heartbeats. */
export async function rememberedWatch(
  pool: PoolConfig,
  database: Database,
  boot: BootRow | null,
  nowMs: number,
  signal: AbortSignal,
): Promise<Remembered> {
  const { detection } = pool.monitor;
  const sinceMs = nowMs - historyMs(detection);
  const restore = new WatchRestore(nowMs, detection);
  const inSlices = async (steps: Generator<void>): Promise<void> => {
    while (steps.next().done !== true) await setImmediate(undefined, { signal });
  };
  // The last boot counts even when it was before all of them.
  if (boot !== null && boot.bootedAtMs < sinceMs)
    await inSlices(restore.take([{ atMs: boot.bootedAtMs, value: 1, series: null }]));
  let latest: SampleRow[] = [];
  for (let atMs = sinceMs; atMs <= nowMs; atMs += SLICE_MS) {
    const rows = await readSamples(database, pool.name, atMs, atMs + SLICE_MS);
    await inSlices(restore.take(rows.flatMap(recordedOf)));
    if (rows.length > 0) latest = rows;
  }
  await inSlices(restore.finish());
  const { machine, bootedAtMs } = boot ?? { machine: null, bootedAtMs: Infinity };
  const ofThisBoot = latest.filter((row) => row.machine === machine && row.atMs >= bootedAtMs);
  return { watch: restore.watch, latest: new Map(ofThisBoot.map(({ series, value }) => [series, value])) };
}

function recordedOf({ series, atMs, value, limit, gathered }: SampleRow): Recorded[] {
  const kind = kindOf(series);
  if (series === BOOT) return [{ atMs, value, series: null }];
  return kind === null ? [] : [{ atMs, value, ...(gathered && { gathered }), series: seriesOf(series, kind, limit) }];
}
