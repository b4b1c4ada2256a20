// A clean restart: no failed request, no lost session, no lost update. Each step ensures a state, so it may run twice.

import { CancellationScope, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import type { RestartOutcome, SwapInput } from '../activities/swap-roles.js';
import { loggingFailure } from './failure-log.js';
import { parseInput } from './input.js';
import { listed } from './listing.js';
import { OperatorDesk } from './operator-desk.js';
import { describeDrain } from './restart-details.js';
import { irreversible, patient, readOnly, repeatable } from './retry-policies.js';
import { originOf } from './run-origin.js';
import { StepRunner } from './step-runner.js';
import type { StepTime } from './steps.js';
import { CLEAN_RESTART, SUMMARIES } from './steps.js';

export interface CleanRestartResult extends RestartOutcome {
  pool: string;
  steps: StepTime[];
  /** Sessions that stayed behind; null where nobody can count them. */
  sessionsNotMoved: number | null;
}

const { bootStandby, redirectTraffic, migrateSessions, swapRoles } = proxyActivities<Activities>(repeatable);
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
  const desk = new OperatorDesk(CLEAN_RESTART, begun, () => undoable.cancel());
  const runner = new StepRunner(pool, desk);
  const request = { pool };
  const startedAtMs = workflowInfo().startTime.getTime();

  await runner.undoable(undoable, async () => {
    await runner.step('bootStandby', () => bootStandby.executeWithOptions({ summary: SUMMARIES.bootStandby }, [request]));
    await runner.step('redirectTraffic', () =>
      redirectTraffic.executeWithOptions({ summary: SUMMARIES.redirectTraffic }, [request]),
    );
  });
  desk.passPointOfNoReturn();

  // From here on a cancellation must not leave a pool half moved: the restart rolls forward, or waits for an operator.
  return CancellationScope.nonCancellable(async () => {
    await runner.forward('redirectTraffic', () =>
      redirectTraffic.executeWithOptions({ summary: SUMMARIES.ensureRedirect }, [request]),
    );
    await runner.forward(
      'migrateSessions',
      () => migrateSessions.executeWithOptions({ summary: SUMMARIES.migrateSessions }, [request]),
      ({ moved }) => `${moved} sessions are the standby's`,
    );
    const drain = await runner.forward(
      'awaitDrain',
      () => awaitDrain.executeWithOptions({ summary: SUMMARIES.awaitDrain }, [request]),
      describeDrain,
    );
    let before: string | null | undefined;
    const restarted = await runner.forward('restartPrimary', async () => {
      const seen = await observePrimary.executeWithOptions({ summary: SUMMARIES.observePrimary }, [request]);
      // A repetition may find another one, or none: then there is still what the first was to end.
      if (before === undefined) before = seen;
      const expect = seen ?? before;
      return restartPrimary.executeWithOptions({ summary: SUMMARIES.restartPrimary }, [{ pool, expect }]);
    });
    const swap: SwapInput = {
      ...{ pool, startedAtMs, origin: originOf(desk.status.reason), ...restarted },
      ...(restarted === null ? { skipped: { reason: desk.skipReason, ...(before === undefined ? {} : { before }) } } : {}),
    };
    const outcome = await runner.forward('swapRoles', () =>
      swapRoles.executeWithOptions({ summary: SUMMARIES.swapRoles }, [swap]),
    );
    if (outcome === null) throw new Error('swapRoles cannot be skipped');
    return { pool, ...outcome, steps: desk.status.steps, sessionsNotMoved: drain?.notMoved ?? null };
  });
}
