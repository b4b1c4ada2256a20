// The supervisor of one pool: takes signs and wishes, asks policy, and lets at most one clean restart run. Survives months.

import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  ParentClosePolicy,
  proxyActivities,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { Activities } from '../activities/index.js';
import type { RestartEnd } from '../activities/follow-restart.js';
import type { Judgement, Wanted } from '../policy/may-restart.js';
import { cleanRestart } from './clean-restart.js';
import { codeOf, reasonOf } from './failure-cause.js';
import { loggingFailure } from './failure-log.js';
import { parseSupervision } from './input.js';
import { brief, enduring, patient } from './retry-policies.js';
import { AT_REST } from './supervision.js';
import { SupervisorDesk } from './supervisor-desk.js';

const { judgeRestart } = proxyActivities<Activities>(enduring);
const { tellRestart } = proxyActivities<Activities>(brief);
const { followRestart } = proxyActivities<Activities>(patient);

export function supervisePool(input: unknown): Promise<void> {
  return loggingFailure(() => supervise(input));
}

async function supervise(input: unknown): Promise<void> {
  const { pool, carried } = parseSupervision(input);
  const desk = new SupervisorDesk(pool, carried, (run, decision, reason) =>
    tellRestart.executeWithOptions({ summary: `Pass ${decision} on to the restart` }, [{ pool, run, decision, reason }]),
  );
  // A name that nobody knows is told at once, not by the first signal.
  if (carried === AT_REST) await judge(ANYBODY);
  while (!isLong()) {
    if (desk.now.running !== null) await follow(desk.now.running);
    else if (desk.isUndecided) await decide();
    else await untilSomethingIsUp();
    if (isDue()) desk.askAgain();
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof supervisePool>({ pool, carried: desk.now });

  function judge(wanted: Wanted) {
    const request = { pool, wanted, nowMs: Date.now() };
    return judgeRestart.executeWithOptions({ summary: 'Ask policy, the hypervisor and the standby' }, [request]);
  }

  async function decide(): Promise<void> {
    const { wanted } = desk.now;
    if (wanted === null) return;
    const judgement = await judge(wanted).catch((error: unknown): Judgement => {
      // As when its policy was taken away.
      return { verdict: 'no', code: codeOf(error) ?? 'NOT_JUDGED', text: reasonOf(error), untilMs: null };
    });
    // Whoever has changed what is wanted meanwhile, or paused, is heard first.
    if (!desk.isUndecided || desk.now.wanted !== wanted) return;
    desk.judged(judgement);
    if (judgement.verdict === 'go') await begin(wanted);
  }

  /** A child by name; it outlives this run of the supervisor, which ends when its history is long. */
  async function begin({ reason }: Wanted): Promise<void> {
    const workflowId = `clean-restart/${pool}`;
    desk.begins(workflowId);
    try {
      const child = await startChild(cleanRestart, {
        workflowId,
        args: [reason === null ? { pool } : { pool, reason }],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: `Clean restart of ${pool}${reason === null ? '' : `: ${reason}`}`,
      });
      desk.started(`${workflowId}/${child.firstExecutionRunId}`);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      desk.ended('RESTART_RUNNING', `${workflowId} was begun by somebody else.`);
    }
  }

  async function follow(run: string): Promise<void> {
    const scope = new CancellationScope();
    const followed = scope.run(() => followRestart.executeWithOptions({ summary: 'Follow the restart to its end' }, [{ run }]));
    await Promise.race([followed.catch(() => undefined), condition(isLong)]);
    scope.cancel();
    const end = await followed.catch((error: unknown): RestartEnd | null => {
      // The next run of the supervisor follows it.
      if (isCancellation(error)) return null;
      throw error;
    });
    if (end?.ended === 'well') desk.ended('DONE', 'The restart has ended well.');
    if (end?.ended === 'badly') desk.ended(end.code, end.message);
  }

  function isDue(): boolean {
    const untilMs = desk.now.judgement?.untilMs ?? null;
    return untilMs !== null && desk.now.judgement?.verdict === 'later' && Date.now() >= untilMs;
  }

  async function untilSomethingIsUp(): Promise<void> {
    const { judgement, paused } = desk.now;
    const isUp = (): boolean => desk.isUndecided || isLong();
    if (judgement?.untilMs == null || paused !== null) return condition(isUp);
    await condition(isUp, Math.max(1, judgement.untilMs - Date.now()));
  }
}

const ANYBODY: Wanted = { by: 'aging', reason: null, force: false, isApproved: false };

/** Temporal wants shorter histories, and takes 10,000 signals of one run at most. */
const isLong = (): boolean => workflowInfo().continueAsNewSuggested || workflowInfo().historyLength > LONG_HISTORY;
const LONG_HISTORY = 4000;
