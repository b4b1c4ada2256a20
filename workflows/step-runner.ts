// Runs the steps of a plan: what fails for good is undone while that is possible, and waits for an operator afterwards.

import { CancellationScope, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import { codeOf } from './failure-cause.js';
import { recordOf } from './failure-record.js';
import type { OperatorDesk } from './operator-desk.js';
import { repeatable } from './retry-policies.js';
import { originOf } from './run-origin.js';
import { SUMMARIES } from './steps.js';

const { abandonRestart } = proxyActivities<Activities>(repeatable);

export class StepRunner<Name extends string> {
  constructor(
    private readonly pool: string,
    private readonly desk: OperatorDesk<Name>,
  ) {}

  /** `describe` makes words of what came of it. */
  async step<T>(name: Name, run: () => Promise<T>, describe?: (result: T) => string): Promise<T> {
    this.desk.begin(name);
    const result = await run();
    this.desk.end(name, describe?.(result));
    return result;
  }

  /** A step that is not given up, but for the code `unless`: what fails for good waits for the operator. Null when it was skipped. */
  async forward<T>(
    name: Name,
    run: () => Promise<T>,
    describe?: (result: T) => string,
    unless: string | null = null,
  ): Promise<T | null> {
    for (;;) {
      try {
        return await this.step(name, run, describe);
      } catch (error) {
        // Somebody has given the run up while it could be.
        if (CancellationScope.current().consideredCancelled || (unless !== null && codeOf(error) === unless)) throw error;
        if ((await this.desk.ask(error)) === 'skip') return null;
      }
    }
  }

  /** Steps before the point of no return. Their undo stands before them: one that timed out may have taken effect. */
  async undoable(scope: CancellationScope, steps: () => Promise<void>): Promise<void> {
    const { pool, desk } = this;
    try {
      await scope.run(steps);
    } catch (error) {
      const failure = recordOf(error, desk.abortReason);
      const undone = await CancellationScope.nonCancellable(() =>
        abandonRestart.executeWithOptions({ summary: SUMMARIES.abandonRestart }, [
          { pool, failure: { ...failure, ...originOf(desk.status.reason) } },
        ]),
      );
      if (undone !== 'past-return') {
        desk.giveUp(failure);
        throw error;
      }
      desk.passPointOfNoReturn();
      // What was cancelled goes on by itself: it only came too late.
      if (!isCancellation(error)) await CancellationScope.nonCancellable(() => desk.ask(error));
    }
  }
}
