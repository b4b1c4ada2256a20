// What a month of ten series costs: processor time of samples, of judgements and of restoring a watch.

import { median } from '../../aging/detectors/robust.js';
import { HISTORY_MS } from '../../aging/history.js';
import type { Recorded } from '../../aging/recording.js';
import { restoreWatch } from '../../aging/restore.js';
import type { SeriesKind } from '../../aging/series.js';
import { KINDS, seriesOf } from '../../aging/series.js';
import { AgingWatch } from '../../aging/watch.js';
import { mulberry32 } from '../../demo/load/random.js';
import { DAY_MINUTES, dayLoad, LIMIT, MINUTE_MS, NOON_PER_MINUTE } from './machine.js';

export interface Cost {
  /** Of the samples of a minute. */
  minuteMs: number;
  /** Of the judgements of the last day, where nothing ages, and where all resources leak. */
  judgementMs: { steady: Times; leaking: Times };
  /** Of a watch, from what is to be kept for it. */
  restoreMs: number;
}

export interface Times {
  median: number;
  most: number;
}

const MINUTES = 30 * DAY_MINUTES;
const JUDGED_EVERY = 5;
const KINDS_FED: SeriesKind[] = [
  ...(['heapAfterGc', 'heap', 'memory', 'threads', 'fileHandles', 'connections'] as const),
  ...(['latencyP95', 'errorRate', 'gcShare', 'requests'] as const),
];

export function measureCost(seed: number): Cost {
  const steady = aMonth(seed, 0);
  const leaking = aMonth(seed, 35);
  return {
    minuteMs: steady.minuteMs,
    judgementMs: { steady: steady.judgementMs, leaking: leaking.judgementMs },
    restoreMs: steady.restoreMs,
  };
}

function aMonth(seed: number, leak: number): { minuteMs: number; judgementMs: Times; restoreMs: number } {
  const kept: Recorded[] = [];
  const judged: number[] = [];
  const watch = new AgingWatch();
  let samplesMs = 0;
  for (const { minute, rows } of minutesOf(seed, leak)) {
    if (minute >= MINUTES - HISTORY_MS / MINUTE_MS) kept.push(...rows);
    samplesMs += cpuMs(() => {
      for (const { series, ...sample } of rows) if (series !== null) watch.observe(series, sample);
    });
    if ((minute + 1) % JUDGED_EVERY === 0) judged.push(cpuMs(() => watch.judge((minute + 1) * MINUTE_MS)));
  }
  const lastDay = judged.slice(-DAY_MINUTES / JUDGED_EVERY);
  return {
    minuteMs: samplesMs / MINUTES,
    judgementMs: { median: median(lastDay), most: Math.max(...lastDay) },
    restoreMs: cpuMs(() => restoreWatch(kept, MINUTES * MINUTE_MS)),
  };
}

/** Ten series, of each role. */
function* minutesOf(seed: number, leak: number): Generator<{ minute: number; rows: Recorded[] }> {
  const uniform = mulberry32(seed);
  let served = 0;
  for (let minute = 0; minute < MINUTES; minute++) {
    const load = dayLoad(minute);
    served += load * NOON_PER_MINUTE;
    const rows = KINDS_FED.map((kind): Recorded => {
      const { role, floor } = KINDS[kind];
      const level = 30 + 20 * load + uniform() + (leak * minute) / MINUTES + (floor === 'valleys' ? 10 * ((minute / 45) % 1) : 0);
      const values = {
        resource: level,
        latency: 40 + 60 * load + uniform(),
        errors: 0.002 * uniform(),
        gc: 0.03,
        work: served,
        count: 100,
      };
      return { atMs: minute * MINUTE_MS, value: values[role], series: seriesOf(kind, kind, role === 'resource' ? LIMIT : null) };
    });
    yield { minute, rows };
  }
}

function cpuMs(run: () => unknown): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
