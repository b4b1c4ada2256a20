// What the monitor of a pool has recorded, in the form that replay-samples reads.

import { once } from 'node:events';
import { withoutPolicy } from '../activities/errors.js';
import { codeOf } from '../config/error-code.js';
import type { Config } from '../config/types.js';
import { openDatabase } from '../state/database.js';
import { migrate } from '../state/migrate.js';
import type { SampleRow } from '../state/sample.js';
import { lastSampleMs, readSamples } from '../state/sample.js';
import { choosePool } from './pool-option.js';

export interface SamplesOptions {
  /** Only those of the last so many hours. */
  hours?: number;
  json?: boolean;
}

const HOUR_MS = 3_600_000;

/** Prints one line for each sample, the oldest first: CSV with a header, or JSON. POLICY_MISSING where nothing is measured, or ever was. */
export async function samples(config: Config, poolName: string, { hours, json = false }: SamplesOptions): Promise<void> {
  const pool = choosePool(config, poolName);
  const database = openDatabase(config.database.url);
  try {
    await migrate(config.database.url);
    const lastMs = await lastSampleMs(database, pool.name);
    if (lastMs === null && pool.policy === null) throw withoutPolicy(pool.name);
    // PostgreSQL knows no time that is ever so long ago.
    const sinceMs = hours === undefined ? 0 : Math.max(0, (lastMs ?? 0) - hours * HOUR_MS);
    const rows = await readSamples(database, pool.name, sinceMs);
    if (!json) process.stdout.write('at,series,value,limit,min,max,count\n');
    for (const row of rows) {
      if (!process.stdout.write(`${json ? jsonOf(row) : csvOf(row)}\n`)) await once(process.stdout, 'drain');
    }
  } catch (error) {
    // Who reads has gone, as `head` does.
    if (codeOf(error) !== 'EPIPE') throw error;
  } finally {
    await database.end();
  }
}

/** A name of a series may hold what parts columns: exporters' metrics do not, and those of connectors get another character. */
function csvOf({ series, atMs, value, limit, gathered }: SampleRow): string {
  const { min = '', max = '', count = '' } = gathered ?? {};
  return `${new Date(atMs).toISOString()},${series.replaceAll(',', ';')},${value},${limit ?? ''},${min},${max},${count}`;
}

function jsonOf({ machine, series, atMs, value, limit, gathered }: SampleRow): string {
  const { min, max, count } = gathered ?? { min: null, max: null, count: null };
  return JSON.stringify({ at: new Date(atMs).toISOString(), machine, series, value, limit, min, max, count });
}
