// A fail-over: the active machine has died or hangs. It is made sure to be off before the standby takes over, and comes back as the standby.

import { CancellationScope, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';
import type { FailOverOutcome } from '../activities/fail-over/conclude.js';
import type { FailOverPair } from '../activities/fail-over/prepare-standby.js';
import type { Rescued } from '../activities/fail-over/rescue-sessions.js';
import type { RouteOptions } from '../activities/fail-over/route.js';
import { describeRescued, FAIL_OVER } from './fail-over-steps.js';
import type { FailOverStep } from './fail-over-steps.js';
import { loggingFailure } from './failure-log.js';
import { parseInput } from './input.js';
import { listed } from './listing.js';
import { OperatorDesk } from './operator-desk.js';
import { repeatable } from './retry-policies.js';
import { originOf } from './run-origin.js';
import { StepRunner } from './step-runner.js';
import type { StepTime } from './steps.js';

export interface FailOverResult extends FailOverOutcome {
  pool: string;
  steps: StepTime<FailOverStep>[];
}

const { prepareStandby, fence, rescueSessions, route, bringBack, concludeFailOver } = proxyActivities<Activities>(repeatable);

export function failOver(input: unknown): Promise<FailOverResult> {
  return loggingFailure(() => listed(input, () => run(input)));
}

async function run(input: unknown): Promise<FailOverResult> {
  const begun = parseInput(input);
  const { pool, reason = null } = begun;
  const scope = new CancellationScope();
  const desk = new OperatorDesk(FAIL_OVER, begun, () => scope.cancel());
  const runner = new StepRunner(pool, desk);
  const summary = (step: FailOverStep): { summary: string } => ({ summary: FAIL_OVER.summaries[step] });
  const startedAtMs = workflowInfo().startTime.getTime();
  let found: (FailOverPair & { isFenced: boolean }) | null = null;

  await runner.undoable(scope, async () => {
    const pair = await runner.step('prepareStandby', () =>
      prepareStandby.executeWithOptions(summary('prepareStandby'), [{ pool }]),
    );
    // From here on the machine may be off at any moment: only that it is well after all gives the pool back.
    desk.passPointOfNoReturn();
    const fenced = await CancellationScope.nonCancellable(() =>
      runner.forward(
        'fence',
        async () => {
          await fence.executeWithOptions(summary('fence'), [{ pool, from: pair.from }]);
          return true;
        },
        undefined,
        'ACTIVE_RECOVERED',
      ),
    );
    // Whether it is off an operator may know better than its hypervisor.
    found = { ...pair, isFenced: fenced ?? false };
  });

  // The machine is off: whatever happens, the standby has to take over.
  return CancellationScope.nonCancellable(async () => {
    const { from, to, isFenced } = must(found);
    const rescued =
      (await runner.forward(
        'rescueSessions',
        () => rescueSessions.executeWithOptions(summary('rescueSessions'), [{ pool, from, to, isFenced }]),
        describeRescued,
      )) ?? NOTHING_RESCUED;
    const again = await routed();
    const back = await runner.forward('bringBack', async () => {
      await bringBack.executeWithOptions(summary('bringBack'), [{ pool, from, to }]);
      return true;
    });
    const failedOver = { ...(again ?? rescued), reason, isBack: back ?? false };
    const ending = { summary: 'Write down what was done, and free the pool' };
    const { begunBy } = originOf(reason);
    const conclusion = { pool, from, to, failedOver, startedAtMs, begunBy };
    const outcome = await concludeFailOver.executeWithOptions(ending, [conclusion]);
    return { pool, ...outcome, steps: desk.status.steps };

    /** What had to be rescued again, or null; tried until it is done, without that once an operator says so. */
    async function routed(): Promise<Rescued | null> {
      let options: Omit<RouteOptions, 'isFenced'> = {};
      for (;;) {
        const done = await runner.forward('route', async () => {
          const input = { pool, from, to, isFenced, ...options };
          options = { ...options, isRepeated: true };
          return { again: await route.executeWithOptions(summary('route'), [input]) };
        });
        if (done !== null) return options.withoutRescue === true ? { ...rescued, lost: null } : done.again;
        options = { ...options, withoutRescue: true };
      }
    }
  });
}

/** An operator has gone on without. */
const NOTHING_RESCUED: Rescued = { saved: 0, lost: null };

/** What the steps before have left. */
function must<T>(value: T | null): T {
  if (value === null) throw new Error('The steps before the point of no return have ended without a machine.');
  return value;
}
