// Samples on their way to the database: gathered, written together, kept for a while when it does not answer.

import { historyMs, singleMs } from '../aging/history.js';
import type { AgingPolicy } from '../aging/policy.js';
import { KINDS, kindOf } from '../aging/series.js';
import { thinned } from '../aging/thinning.js';
import type { Database } from '../state/database.js';
import type { SampleRow } from '../state/sample.js';
import { forgetSamples, oldestSingleMs, recordSamples, replaceSamples } from '../state/sample.js';

/** Of a database that does not answer for hours the latest matter. Chosen: a day of ten series, a few megabytes. */
const MOST_ROWS = 20_000;
const FORGET_EVERY_MS = 3_600_000;
/** What is thinned at a time: a thousand rows. Buckets are not cut by it. */
const THIN_MS = 3_600_000;

export class SampleLog {
  private rows: SampleRow[] = [];
  private forgotAtMs = -Infinity;
  private isThin = false;

  constructor(
    private readonly database: Database,
    private readonly pool: string,
    private readonly policy: AgingPolicy,
  ) {}

  add(row: SampleRow): void {
    this.rows.push(row);
    if (this.rows.length > MOST_ROWS) this.rows.splice(0, this.rows.length - MOST_ROWS);
  }

  /** Another has led since, and counted on from what is written: between its values ours would be taken for a fall, which is a boot. */
  forgetCounters(): void {
    this.rows = this.rows.filter(({ series }) => {
      const kind = kindOf(series);
      return kind === null || KINDS[kind].role !== 'work';
    });
  }

  /** Writes what there is. What could not be written is kept for the next time. */
  async flush(): Promise<void> {
    const rows = this.rows;
    this.rows = [];
    try {
      await recordSamples(this.database, this.pool, rows);
    } catch (error) {
      this.rows = [...rows, ...this.rows];
      throw error;
    }
  }

  /** The same, and now and then thins what is old and forgets what is too old. */
  async write(nowMs: number): Promise<void> {
    await this.flush();
    if (nowMs - this.forgotAtMs >= FORGET_EVERY_MS) {
      await forgetSamples(this.database, this.pool, nowMs - historyMs(this.policy));
      this.forgotAtMs = nowMs;
      this.isThin = false;
    }
    this.isThin ||= await this.thin(nowMs - singleMs(this.policy));
  }

  /** One slice of those from before `beforeMs`; true when none is left. */
  private async thin(beforeMs: number): Promise<boolean> {
    const untilMs = Math.floor(beforeMs / THIN_MS) * THIN_MS;
    const oldestMs = await oldestSingleMs(this.database, this.pool, untilMs);
    if (oldestMs === null) return true;
    const fromMs = Math.floor(oldestMs / THIN_MS) * THIN_MS;
    await replaceSamples(this.database, this.pool, [fromMs, fromMs + THIN_MS], thinned);
    return false;
  }
}
