// Samples on their way to the database: gathered, written together, kept for a while when it does not answer.

import type { Database } from '../state/database.js';
import type { SampleRow } from '../state/sample.js';
import { forgetSamples, recordSamples } from '../state/sample.js';

/** Of a database that does not answer for hours the latest matter. Chosen: a day of ten series, a few megabytes. */
const MOST_ROWS = 20_000;
const FORGET_EVERY_MS = 3_600_000;

export class SampleLog {
  private rows: SampleRow[] = [];
  private forgotAtMs = -Infinity;

  constructor(
    private readonly database: Database,
    private readonly pool: string,
    private readonly keptMs: number,
  ) {}

  add(row: SampleRow): void {
    this.rows.push(row);
    if (this.rows.length > MOST_ROWS) this.rows.splice(0, this.rows.length - MOST_ROWS);
  }

  /** Writes what there is, and now and then forgets what is too old. What could not be written is kept for the next time. */
  async write(nowMs: number): Promise<void> {
    const rows = this.rows;
    this.rows = [];
    try {
      await recordSamples(this.database, this.pool, rows);
    } catch (error) {
      this.rows = [...rows, ...this.rows];
      throw error;
    }
    if (nowMs - this.forgotAtMs < FORGET_EVERY_MS) return;
    await forgetSamples(this.database, this.pool, nowMs - this.keptMs);
    this.forgotAtMs = nowMs;
  }
}
