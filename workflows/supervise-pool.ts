// The supervisor of one pool: takes signs and wishes, asks policy, and lets at most one clean restart run. Survives months.

import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { Activities } from '../activities/index.js';
import type { TimedJudgement } from '../activities/judge-restart.js';
import type { Wanted } from '../policy/may-restart.js';
import { cleanRestart } from './clean-restart.js';
import { failOver } from './fail-over.js';
import { codeOf, reasonOf } from './failure-cause.js';
import { loggingFailure } from './failure-log.js';
import { parseSupervision } from './input.js';
import { listed } from './listing.js';
import { asChild, asFailOver } from './restart-child.js';
import { brief, patient } from './retry-policies.js';
import { SupervisorDesk } from './supervisor-desk.js';

const { judgeRestart, requirePools, tellRestart } = proxyActivities<Activities>(brief);
const { followRestart } = proxyActivities<Activities>(patient);

export function supervisePool(input: unknown): Promise<void> {
  return loggingFailure(() => listed(input, () => supervise(input)));
}

async function supervise(input: unknown): Promise<void> {
  const { pool, carried } = parseSupervision(input);
  const sinceMs = carried.sinceMs ?? Date.now();
  const desk = new SupervisorDesk(pool, { ...carried, sinceMs }, (run, decision, reason) =>
    tellRestart.executeWithOptions({ summary: `Pass ${decision} on to the restart` }, [{ pool, run, decision, reason }]),
  );
  // A name that nobody knows is told at once, not by the first signal.
  if (carried.sinceMs === null)
    await requirePools.executeWithOptions({ summary: 'Look whether the pool is known' }, [{ pools: [pool] }]);
  while (!isLong()) {
    if (desk.now.running !== null) await follow(desk.now.running);
    else if (desk.isUndecided) await decide();
    else await untilSomethingIsUp();
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof supervisePool>({ pool, carried: desk.now });

  async function decide(): Promise<void> {
    const { wanted } = desk.now;
    if (wanted === null) return;
    const { isUnanswered = false, ...judgement } = await judge(wanted);
    // Whoever has changed what is wanted meanwhile, or paused, is heard first.
    if (!desk.isUndecided || desk.now.wanted !== wanted) return;
    // What was allowed before a controller was down for hours need not be allowed now.
    if (judgement.verdict === 'go' && Date.now() - judgement.judgedAtMs > FRESH_MS) return;
    if (isUnanswered && desk.keepsAsking(judgement.untilMs)) return;
    desk.judged(judgement);
    if (judgement.verdict === 'go') await begin(wanted);
  }

  async function judge(wanted: Wanted): Promise<TimedJudgement & { isUnanswered?: boolean }> {
    const summary = 'Ask policy, the hypervisor and the standby';
    try {
      return await judgeRestart.executeWithOptions({ summary }, [{ pool, wanted, watchedSinceMs: sinceMs }]);
    } catch (error) {
      if (isCancellation(error)) throw error;
      const code = codeOf(error);
      const judgedAtMs = Date.now();
      const [verdict, untilMs] =
        code !== null && NEVER.has(code) ? (['no', null] as const) : (['later', judgedAtMs + AGAIN_MS] as const);
      const isUnanswered = verdict === 'later';
      return { verdict, code: code ?? 'NOT_JUDGED', text: reasonOf(error), untilMs, judgedAtMs, isUnanswered };
    }
  }

  async function begin(wish: Wanted): Promise<void> {
    const { by, reason } = wish;
    const input = reason === null ? { pool } : { pool, reason };
    const child = by === 'down' ? asFailOver(input) : asChild(input);
    const { workflowId } = child;
    desk.begins(workflowId);
    try {
      const { firstExecutionRunId } = await (by === 'down' ? startChild(failOver, child) : startChild(cleanRestart, child));
      desk.started(`${workflowId}/${firstExecutionRunId}`, wish);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      desk.ended('RESTART_RUNNING', `${workflowId} was begun by somebody else.`);
    }
  }

  async function follow(run: string): Promise<void> {
    const scope = new CancellationScope();
    const summary = 'Follow the restart to its end';
    const followed = scope.run(() => followRestart.executeWithOptions({ summary }, [{ pool, run }]));
    await Promise.race([followed.catch(() => undefined), condition(isLong)]);
    scope.cancel();
    try {
      const end = await followed;
      if (end.ended === 'well') desk.ended('DONE', 'It has ended well.');
      else desk.ended(end.code, end.message);
    } catch (error) {
      // The next run of the supervisor follows it, or this one once more.
      if (isCancellation(error) && !isLong()) throw error;
    }
  }

  async function untilSomethingIsUp(): Promise<void> {
    const { judgement, paused } = desk.now;
    const isUp = (): boolean => desk.isUndecided || isLong();
    if (judgement?.untilMs == null || paused !== null) return condition(isUp);
    const waitMs = Math.min(MOST_WAIT_MS, Math.max(1, judgement.untilMs - Date.now()));
    if (!(await condition(isUp, waitMs))) desk.askAgain();
  }
}

/** What no waiting mends. */
const NEVER: ReadonlySet<string> = new Set(['POOL_UNKNOWN', 'POLICY_MISSING']);
const FRESH_MS = 60_000;
const AGAIN_MS = 60_000;
/** Policy may have changed. */
const MOST_WAIT_MS = 3_600_000;
/** Temporal wants shorter histories, and takes 10,000 signals of one run at most. */
const LONG_HISTORY = 4000;
const isLong = (): boolean => workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > LONG_HISTORY;
