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

/** The runs in the order of the plan. What is still open in the end, `closing` ends. */
export async function runAll(plan: readonly Planned[], options: CampaignOptions, closing: Closing): Promise<FaultRun[]> {
  const runs: FaultRun[] = [];
  const queue = plan.entries();
  const lane = async (): Promise<void> => {
    const ending = new Closing();
    closing.add(() => ending.close());
    let stage: Stage | null = null;
    for (const [index, planned] of queue) {
      if (stage === null || stage.options.proxies !== planned.proxies) {
        await ending.close();
        const built = await Stage.build({ ...options, proxies: planned.proxies, maxSeconds: MAX_LOAD_SECONDS });
        ending.add(built.close);
        ({ stage } = built);
      }
      const run = await tryRun(stage, planned, mulberry32(options.seed + index));
      runs[index] = run;
      if (run.wrong.length === 0) continue;
      // What went wrong must not spoil the next.
      stage = null;
      await ending.close().catch((error: unknown) => options.onProgress(describeError(error)));
    }
    await ending.close();
  };
  await Promise.all(Array.from({ length: options.atOnce }, lane));
  return runs;
}

async function tryRun(stage: Stage, { fault, step, point }: Planned, random: () => number): Promise<FaultRun> {
  const { onProgress, signal } = stage.options;
  let run: FaultRun | undefined;
  for (let tries = 0; tries < TRIES && !run?.reached; tries++) {
    signal.throwIfAborted();
    run = await runFault(stage, fault, { step, point }, random).catch((error: unknown) => {
      signal.throwIfAborted();
      return brokenRun(stage, fault, { step, point }, error);
    });
    const { outcome, goOnMs, seen, wrong, tookMs } = run;
    const lost = `${seen.failed} failed, ${seen.sessionsLost} sessions and ${seen.updatesLost} updates lost of ${seen.requests}`;
    const how = run.reached ? `${outcome}, went on after ${goOnMs ?? '-'} ms` : 'the step was over before';
    onProgress(`${fault.name} ${point} ${step}: ${how}; ${lost} (${(tookMs / 1000).toFixed(1)} s)`);
    for (const line of wrong) onProgress(`  WRONG: ${line}`);
    if (wrong.length > 0) break;
  }
  return run as FaultRun;
}
