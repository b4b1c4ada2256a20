// What the worker's log has of a supervisor's decisions that no activity takes. By the log of Temporal's SDK, which a replay does not repeat.

import { log } from '@temporalio/workflow';
import { supervisorOf } from './workflow-ids.js';

/** One line, such as `pool/shop: PAUSED: ... (reason)`. */
export function tellLog(level: 'info' | 'warn', pool: string, code: string, text: string, reason: string | null): void {
  log[level](`${supervisorOf(pool)}: ${code}: ${text}${reason === null ? '' : ` (${reason})`}`);
}
