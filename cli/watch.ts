// Shows a run of a clean restart, or of a fail-over, until it has ended.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { OperatorError } from '../config/operator-error.js';
import type { TemporalConfig } from '../config/types.js';
import { askTemporal } from '../worker/ask-temporal.js';
import type { RunHandle } from '../worker/temporal-client.js';
import type { CleanRestartResult } from '../workflows/clean-restart.js';
import type { FailOverResult } from '../workflows/fail-over.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';
import { readableFailure } from './readable-failure.js';
import type { RestartProgress } from './restart-progress.js';
import { describeWaiting, progressOf } from './restart-progress.js';
import { describeFailOver, describeOutcome } from './restart-outcome.js';
import { describeUncleanWait } from './unclean-wait.js';
import { createWorkerWarning } from './worker-warning.js';

const POLL_MS = 300;
/** After this somebody wants to know what a step waits for. Chosen. */
const LONG_STEP_MS = 3000;
/** Temporal may be restarted meanwhile; after this long without an answer somebody should look. Chosen. */
const PATIENCE_MS = 30_000;

export interface Watched {
  client: Client;
  temporal: TemporalConfig;
  run: RunHandle;
  pool: string;
  /** How long the pool moves nothing because of a proxy's unclean end; null when it does. */
  uncleanWait: () => Promise<number | null>;
}

/** Resolves when the run has ended well, and throws what made it fail; TEMPORAL_UNREACHABLE when nobody can tell any more. */
export async function watch(watched: Watched, options: OutputOptions): Promise<void> {
  const { client, temporal, run, uncleanWait } = watched;
  const warnOfSilence = createWorkerWarning(options);
  const show = createView(options, watched.pool);
  try {
    for (;;) {
      const progress = await patiently(watched, options, () => progressOf(client, temporal, run));
      // The store is asked on the side: what it cannot say now is no reason to stop watching.
      show(progress, progress.open ? await uncleanWait().catch(() => null) : null);
      if (!progress.open) break;
      warnOfSilence(progress.silence);
      await sleep(POLL_MS);
    }
    const outcome = await patiently<CleanRestartResult | FailOverResult>(watched, options, () =>
      askTemporal(client, temporal.address, () => run.result()),
    );
    const done = 'failedOver' in outcome ? describeFailOver(outcome) : describeOutcome(outcome);
    show({ steps: outcome.steps as Seen['steps'], ...NOTHING_MORE }, null);
    print(options, `Done: ${done}`, outcome);
  } catch (error) {
    throw readableFailure(error, watched.pool);
  }
}

/** Asks until Temporal answers. */
async function patiently<T>(watched: Watched, options: OutputOptions, question: () => Promise<T>): Promise<T> {
  const started = performance.now();
  let said = false;
  for (;;) {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof OperatorError) || error.code !== 'TEMPORAL_UNREACHABLE') throw error;
      if (performance.now() - started > PATIENCE_MS) throw lostSight(watched, error);
      const { code, message, remedy } = error;
      if (!said) print(options, '  Temporal does not answer; waiting', { waiting: code, code, message, remedy });
      said = true;
      await sleep(POLL_MS);
    }
  }
}

function lostSight({ pool, temporal }: Watched, cause: OperatorError): OperatorError {
  return new OperatorError(
    'TEMPORAL_UNREACHABLE',
    `Temporal at ${temporal.address} has not answered for ${PATIENCE_MS / 1000} s; the restart itself goes on as soon as Temporal does.`,
    `Look again: vm-rejuv rejuvenate ${pool} --watch, or vm-rejuv status ${pool}.`,
    { status: 503, retryable: true, cause },
  );
}

type Seen = Pick<
  RestartProgress,
  'steps' | 'step' | 'stepMs' | 'doing' | 'waiting' | 'waitingSince' | 'retrying' | 'code' | 'updates'
>;

/** What is to be seen of a run that has ended well, beside its steps. */
const NOTHING_MORE: Omit<Seen, 'steps'> = {
  ...{ step: null, stepMs: null, doing: null, retrying: null },
  ...{ waiting: null, waitingSince: null, code: null, updates: [] },
};

/** Prints everything once, what a step tries again and waits for once a step. */
function createView(options: OutputOptions, pool: string): (now: Seen, uncleanWait: number | null) => void {
  const shown = new Set<string>();
  const once = (what: string, text: string, value: unknown): void => {
    if (shown.has(what)) return;
    shown.add(what);
    print(options, text, value);
  };
  return (now, uncleanWait) => {
    const { steps, step, stepMs, doing, waiting, waitingSince, retrying, code, updates } = now;
    for (const { name, ms } of steps) if (ms !== null) once(name, `  ${name.padEnd(16)} ${ms} ms`, { step: name, ms });
    if (doing !== null && (stepMs ?? 0) > LONG_STEP_MS) once(`${step} ${doing}`, `  ${step}: ${doing}`, { step, doing });
    // Tried again it may wait before anybody has seen it go on, for the same reason or with other figures.
    if (waiting !== null) {
      const lines = describeWaiting(now, pool).map((line) => `  ${line}`);
      once(`waiting ${waitingSince?.toISOString()}`, lines.join('\n'), { waiting, waitingSince, code, updates });
    }
    if (retrying !== null) once(`${step} ${retrying}`, `  tries ${step} again: ${retrying}`, { retrying, code, step });
    if (uncleanWait !== null) once(`${step} unclean`, `  ${describeUncleanWait(uncleanWait)}`, { uncleanWaitMs: uncleanWait });
  };
}
