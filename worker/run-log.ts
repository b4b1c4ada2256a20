// What the worker's log has of restarts and fail-overs: that one begins, waits for approval or is declined, and how it has ended.

import type { ActivityInterceptorsFactory, Logger } from '@temporalio/worker';
import type { FailOverOutcome } from '../activities/fail-over/conclude.js';
import type { JudgeInput } from '../activities/judge-restart.js';
import type { RestartOutcome } from '../activities/swap-roles.js';
import type { Judgement } from '../policy/may-restart.js';
import { describeRescued } from '../workflows/fail-over-steps.js';
import { wishFor } from '../workflows/wishes.js';
import { supervisorOf } from '../workflows/workflow-ids.js';

/** The first activity of each. */
const FIRST: ReadonlySet<string> = new Set(['bootStandby', 'prepareStandby']);

const VERDICTS: Record<Judgement['verdict'], string> = {
  go: 'begins',
  ask: 'waits for approval',
  later: 'waits',
  no: 'is declined',
};

/** From activities: a replay of the workflow repeats none of them. What goes well is news, what waits or is declined a warning. */
export function createRunLog(log: Pick<Logger, 'info' | 'warn'>): ActivityInterceptorsFactory {
  /** By pool and by whom it is wanted: policy is asked again and again while something waits. */
  const said = new Map<string, string>();
  return ({ info: { activityType, attempt, workflowExecution } }) => ({
    inbound: {
      async execute(input, next) {
        const workflowId = workflowExecution?.workflowId ?? '';
        if (FIRST.has(activityType) && attempt === 1) log.info(`${workflowId} begins`);
        const result = await next(input);
        if (activityType === 'judgeRestart') tellJudgement(input.args[0] as JudgeInput, result as Judgement);
        if (activityType === 'swapRoles') log.info(`${workflowId} has ended well: ${describeRestart(result as RestartOutcome)}`);
        if (activityType === 'concludeFailOver')
          log.info(`${workflowId} has ended well: ${describeFailOver(result as FailOverOutcome)}`);
        return result;
      },
    },
  });

  function tellJudgement({ pool, wanted }: JudgeInput, { verdict, code, text }: Judgement): void {
    const about = `${pool} ${wanted.by}`;
    if (said.get(about) === code) return;
    if (verdict === 'go') said.delete(about);
    else said.set(about, code);
    const why = wanted.reason === null ? '' : ` (${wanted.reason})`;
    const line = `${supervisorOf(pool)}: the ${wishFor(wanted)} wanted by ${wanted.by}${why} ${VERDICTS[verdict]}: ${code}: ${text}`;
    if (verdict === 'go') log.info(line);
    else log.warn(line);
  }
}

function describeRestart({ from, to, sessionsMoved, tookMs }: RestartOutcome): string {
  return `${from} to ${to}, ${sessionsMoved} sessions moved${tookMs === undefined ? '' : `, ${tookMs} ms in all`}`;
}

function describeFailOver({ from, to, failedOver, tookMs }: FailOverOutcome): string {
  const back = failedOver.isBack ? 'is back as the standby' : 'was left as it was';
  return `${from} to ${to}, ${describeRescued(failedOver)}, ${tookMs} ms in all; ${from} ${back}`;
}
