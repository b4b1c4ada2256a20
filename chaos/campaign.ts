// Many runs, one after the other on a stage, on one stage or some beside each other.

import { mulberry32 } from '../demo/load/random.js';
import { describeError } from '../config/operator-error.js';
import { Closing } from '../embedded/closing.js';
import type { Planned } from './plan.js';
import type { FaultRun } from './run-fault.js';
import { brokenRun, runFault } from './run-fault.js';
import type { StageOptions } from './stage.js';
import { Stage } from './stage.js';

export interface CampaignOptions extends Omit<StageOptions, 'proxies' | 'maxSeconds'> {
  /** Stages beside each other. */
  atOnce: number;
}

const MAX_LOAD_SECONDS = 6 * 3600;
/** A step may be over before the moment has come. */
const TRIES = 3;
/** One after the other: then it is no accident, and would be the same for all that are left. */
const MAX_UNBUILT = 3;

/** How a stage and a run are made. */
export interface Makers {
  build: typeof Stage.build;
  run: typeof runFault;
}

/**
 * The runs in the order of the plan. What is still open in the end, `closing` ends. A stage that cannot be built, or breaks, costs one run:
 * the others count. Those that are not made because no stage can be built at all are broken runs as well. Rejects when the signal is aborted.
 */
export async function runAll(
  plan: readonly Planned[],
  options: CampaignOptions,
  closing: Closing,
  makers: Makers = { build: (built) => Stage.build(built), run: runFault },
): Promise<FaultRun[]> {
  const runs: FaultRun[] = [];
  const queue = plan.entries();
  const { onProgress, signal } = options;
  const lane = async (): Promise<void> => {
    const ending = new Closing();
    closing.add(() => ending.close());
    // What does not end is told, and spoils no run but its own.
    const clear = (): Promise<void> => ending.close().catch((error: unknown) => onProgress(describeError(error)));
    let stage: Stage | null = null;
    let unbuilt = 0;
    for (const [index, planned] of queue) {
      signal.throwIfAborted();
      if (stage?.options.proxies !== planned.proxies) {
        stage = null;
        await clear();
        try {
          const built = await makers.build({ ...options, proxies: planned.proxies, maxSeconds: MAX_LOAD_SECONDS });
          ending.add(built.close);
          ({ stage } = built);
          unbuilt = 0;
        } catch (error) {
          signal.throwIfAborted();
          runs[index] = told(brokenRun(planned, error), onProgress);
          if (++unbuilt === MAX_UNBUILT) break;
          continue;
        }
      }
      const run = await tryRun(stage, planned, mulberry32(options.seed + index), makers.run);
      runs[index] = run;
      if (run.wrong.length === 0) continue;
      // What went wrong must not spoil the next.
      stage = null;
      await clear();
    }
    await clear();
  };
  await Promise.all(Array.from({ length: options.atOnce }, lane));
  return plan.map((planned, index) => runs[index] ?? brokenRun(planned, new Error('No stage could be built for it.')));
}

async function tryRun(stage: Stage, planned: Planned, random: () => number, make: Makers['run']): Promise<FaultRun> {
  const { onProgress, signal } = stage.options;
  const { fault, step, point } = planned;
  let run: FaultRun | undefined;
  for (let tries = 0; tries < TRIES && !run?.reached; tries++) {
    signal.throwIfAborted();
    run = await make(stage, fault, { step, point }, random).catch((error: unknown) => {
      signal.throwIfAborted();
      return brokenRun(planned, error);
    });
    told(run, onProgress);
    if (run.wrong.length > 0) break;
  }
  return run as FaultRun;
}

function told(run: FaultRun, onProgress: (line: string) => void): FaultRun {
  const { fault, step, point, outcome, goOnMs, seen, wrong, tookMs } = run;
  const lost = `${seen.failed} failed, ${seen.sessionsLost} sessions and ${seen.updatesLost} updates lost of ${seen.requests}`;
  const how = run.reached ? `${outcome}, went on after ${goOnMs ?? '-'} ms` : 'the moment was not reached';
  onProgress(`${fault} ${point} ${step}: ${how}; ${lost} (${(tookMs / 1000).toFixed(1)} s)`);
  for (const line of wrong) onProgress(`  WRONG: ${line}`);
  return run;
}
