// What a clean restart shows of itself: Markdown for the Temporal UI's current details.

import type { Drain } from '../activities/await-drain.js';
import type { Holds } from '../activities/holds.js';
import type { Plan, RestartStatus } from './steps.js';
import { helpfulUpdates, leftToDo, SKIPPABLE } from './steps.js';

/** What is to be decided, by whom; why it was begun; each step with its time and what came of it. */
export function describeStatus<Name extends string>(plan: Plan<Name>, status: RestartStatus<Name>): string {
  const { pool, reason, steps, step, skipped, found, waiting, failure } = status;
  const now = failure !== null ? 'failed' : waiting !== null ? 'waits for you' : 'running';
  const lines = steps.map(({ name, ms }) => {
    const state = ms !== null ? `done in ${ms} ms` : skipped.includes(name) ? 'skipped' : name === step ? now : 'to do';
    const came = found[name];
    return `- **${name}** (${state}): ${plan.summaries[name]}${came === undefined ? '' : ` - **${came}**`}`;
  });
  const why = reason === null ? [] : ['', `Begun because: ${reason}`];
  // The UI's frame may cut off what is last.
  return [`${plan.title} of pool **${pool}**`, '', ...nextDecision(plan, status), ...why, '', ...lines].join('\n');
}

/** What `awaitDrain` came to. */
export function describeDrain({ notMoved, streamsClosed, holds }: Drain): string {
  const left = notMoved === null || notMoved === 0 ? '' : `, ${notMoved} sessions stay behind`;
  const streams = streamsClosed === 0 ? '' : `, ${streamsClosed} streams closed`;
  return `${holds == null ? 'no proxy tells how long requests were held' : describeHolds(holds)}${streams}${left}`;
}

function describeHolds({ holdMs: { p50, p99, max }, holdsExpired }: Holds): string {
  const held = max === 0 ? 'no request had to be held' : `requests held: p50 ${p50} ms, p99 ${p99} ms, longest ${max} ms`;
  return `${held}${holdsExpired === 0 ? '' : `, ${holdsExpired} answered 503`}`;
}

function nextDecision<Name extends string>(
  plan: Plan<Name>,
  { pool, steps, step, skipped, waiting, waitingSinceMs, failure }: RestartStatus<Name>,
): string[] {
  if (failure !== null)
    return [
      `**Given up** (${failure.code}): ${failure.message}`,
      '',
      'The pool is as it was. Start another one when the cause is gone.',
    ];
  if (waiting !== null)
    return [
      `**Waits for you**${waitingSinceMs === null ? '' : `, as of ${new Date(waitingSinceMs).toISOString()}`}: ${waiting}`,
      '',
      `${plan.meanwhile} **Next decision**, yours: send the update \`retry\` when the cause is gone` +
        (helpfulUpdates(step).includes('skip') ? `, or \`skip\` to ${SKIPPABLE[step ?? ''] ?? 'go on'}.` : '.'),
    ];
  const isDone = (name: string): boolean =>
    steps.some((one) => one.name === name && (one.ms !== null || skipped.includes(one.name)));
  const left = skipped.flatMap((name) => leftToDo(name, pool) ?? []);
  if (isDone(plan.steps.at(-1) ?? ''))
    return [left.length === 0 ? '**Next decision**: none, it has ended well.' : `**Next decision**, yours: ${left.join('; ')}.`];
  return [
    isDone(plan.pointOfNoReturn)
      ? '**Next decision**: none, it can only go forward now. How far a step is that takes long: *Pending Activities*, heartbeat.'
      : `**Next decision**: none is needed; ${plan.abortUntil} the update \`abort\` gives it up.`,
  ];
}
