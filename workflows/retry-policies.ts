// Time-outs and retries by kind of effect. A worker that dies is noticed by its missing heartbeat, within seconds.

import type { ActivityOptions } from '@temporalio/workflow';

/** Three heartbeats of a healthy attempt; the attempt's own lease (activities/attempt.ts) is shorter. */
const HEARTBEAT_TIMEOUT = '3 seconds';
const RETRY = { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '5 seconds' } as const;

/** Asks only: repeated freely for a while, then it is the operator's. */
export const readOnly: ActivityOptions = {
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  scheduleToCloseTimeout: '5 minutes',
  retry: RETRY,
};

/** Ensures a state that it can tell from the tables or the hypervisor: repeating is safe. Deploys use up attempts, so time bounds it. */
export const repeatable: ActivityOptions = {
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  scheduleToCloseTimeout: '1 hour',
  retry: RETRY,
};

/** The same for what waits as long as users do; limits.drain bounds it. */
export const patient: ActivityOptions = { ...repeatable, scheduleToCloseTimeout: '30 days' };

/** Restarts a machine: repeatable only because it names the incarnation that it means. */
export const irreversible: ActivityOptions = {
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  scheduleToCloseTimeout: '1 hour',
  retry: RETRY,
};

/** Short, so without heartbeats; who asks has something to say when there is no answer in time. */
export const brief: ActivityOptions = { startToCloseTimeout: '1 minute', scheduleToCloseTimeout: '2 minutes', retry: RETRY };
