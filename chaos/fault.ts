// What is broken, at which moments, and what may come of it.

import type { RunHandle } from '../worker/temporal-client.js';
import type { Moment, Point } from './points.js';
import type { Step } from './procedure.js';
import type { Stage, StageOptions } from './stage.js';

export interface Inflicted extends Moment {
  handle: RunHandle;
  /** From 0 to below 1, by the seed. */
  random: () => number;
}

export interface Fault {
  name: string;
  /** One line for the table. */
  what: string;
  steps: readonly Step[];
  points: readonly Point[];
  /** Clients may notice: connections break with what they lead to, or wait longer than a hold may last, until `inflict` is over. Otherwise no request may fail. */
  mayFail?: string;
  /** The only holder of sessions dies: what is lost then, as physics demands. Otherwise nothing may be lost. */
  mayLose?: string;
  /** How many proxies there are, for each a run of its own; two without. */
  proxies?: readonly (1 | 2)[];
  /** Where it makes sense; everywhere without. */
  apps?: readonly StageOptions['app'][];
  /** Why it cannot be inflicted here, or null. */
  missing?: () => string | null;
  /** The worker's hypervisor driver has the fault before it (chaos/faulty-worker.ts). */
  faultyHypervisor?: true;
  /** Called before the restart, or before the machine fails that is failed over. */
  prepare?(stage: Stage): Promise<void>;
  /** Breaks it, and mends it in the end. With `mayLose` it resolves with how many sessions it had right before: more cannot be lost. */
  inflict(stage: Stage, inflicted: Inflicted): Promise<number | void>;
}
