// A clean restart: no failed request, no lost session, no lost update. Each step ensures a state, so it may run twice.

import { CancellationScope, isCancellation, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import type { RestartOutcome, SwapInput } from '../activities/swap-roles.js';
import { loggingFailure } from './failure-log.js';
import { recordOf } from './failure-record.js';
import { parseInput } from './input.js';
import { listed } from './listing.js';
import { OperatorDesk } from './operator-desk.js';
import { describeDrain } from './restart-details.js';
import { irreversible, patient, readOnly, repeatable } from './retry-policies.js';
import type { StepName, StepTime } from './steps.js';
import { SUMMARIES } from './steps.js';

export interface CleanRestartResult extends RestartOutcome {
  pool: string;
  steps: StepTime[];
  /** Sessions that stayed behind; null where nobody can count them. */
  sessionsNotMoved: number | null;
}

const { bootStandby, redirectTraffic, migrateSessions, swapRoles, abandonRestart } = proxyActivities<Activities>(repeatable);
const { awaitDrain } = proxyActivities<Activities>(patient);
const { observePrimary } = proxyActivities<Activities>(readOnly);
const { restartPrimary } = proxyActivities<Activities>(irreversible);

export function cleanRestart(input: unknown): Promise<CleanRestartResult> {
  return loggingFailure(() => listed(input, () => restart(input)));
}

async function restart(input: unknown): Promise<CleanRestartResult> {
  const begun = parseInput(input);
  const { pool } = begun;
  const undoable = new CancellationScope();
  const desk = new OperatorDesk(begun, () => undoable.cancel());
  const request = { pool };
  const startedAtMs = workflowInfo().startTime.getTime();

  await undoOnFailure(async () => {
    await step('bootStandby', () => bootStandby.executeWithOptions({ summary: SUMMARIES.bootStandby }, [request]));
    await step('redirectTraffic', () => redirectTraffic.executeWithOptions({ summary: SUMMARIES.redirectTraffic }, [request]));
  });
  desk.passPointOfNoReturn();

  // From here on a cancellation must not leave a pool half moved: the restart rolls forward, or waits for an operator.
  return CancellationScope.nonCancellable(async () => {
    await forward('redirectTraffic', () => redirectTraffic.executeWithOptions({ summary: SUMMARIES.ensureRedirect }, [request]));
    await forward(
      'migrateSessions',
      () => migrateSessions.executeWithOptions({ summary: SUMMARIES.migrateSessions }, [request]),
      ({ moved }) => `${moved} sessions are the standby's`,
    );
    const drain = await forward(
      'awaitDrain',
      () => awaitDrain.executeWithOptions({ summary: SUMMARIES.awaitDrain }, [request]),
      describeDrain,
    );
    let before: string | null | undefined;
    const restarted = await forward('restartPrimary', async () => {
      const seen = await observePrimary.executeWithOptions({ summary: SUMMARIES.observePrimary }, [request]);
      // A repetition may find another one, or none: then there is still what the first was to end.
      if (before === undefined) before = seen;
      const expect = seen ?? before;
      return restartPrimary.executeWithOptions({ summary: SUMMARIES.restartPrimary }, [{ pool, expect }]);
    });
    const swap: SwapInput = {
      ...{ pool, startedAtMs, ...restarted },
      ...(restarted === null ? { skipped: { reason: desk.skipReason, ...(before === undefined ? {} : { before }) } } : {}),
    };
    const outcome = await forward('swapRoles', () => swapRoles.executeWithOptions({ summary: SUMMARIES.swapRoles }, [swap]));
    if (outcome === null) throw new Error('swapRoles cannot be skipped');
    return { pool, ...outcome, steps: desk.status.steps, sessionsNotMoved: drain?.notMoved ?? null };
  });

  async function step<T>(name: StepName, run: () => Promise<T>, describe?: (result: T) => string): Promise<T> {
    desk.begin(name);
    const result = await run();
    desk.end(name, describe?.(result));
    return result;
  }

  /** A step after the point of no return: what fails for good waits for the operator. Null when it was skipped. */
  async function forward<T>(name: StepName, run: () => Promise<T>, describe?: (result: T) => string): Promise<T | null> {
    for (;;) {
      try {
        return await step(name, run, describe);
      } catch (error) {
        if ((await desk.ask(error)) === 'skip') return null;
      }
    }
  }

  /** The undo stands before the steps that it undoes: one that timed out may have taken effect. */
  async function undoOnFailure(steps: () => Promise<void>): Promise<void> {
    try {
      await undoable.run(steps);
    } catch (error) {
      const failure = recordOf(error, desk.abortReason);
      const undone = await CancellationScope.nonCancellable(() =>
        abandonRestart.executeWithOptions({ summary: SUMMARIES.abandonRestart }, [{ pool, failure }]),
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
