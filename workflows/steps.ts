// The names of a clean restart's steps, and what an operator sees of them.

export const STEPS = ['bootStandby', 'redirectTraffic', 'migrateSessions', 'awaitDrain', 'restartPrimary', 'swapRoles'] as const;
export type StepName = (typeof STEPS)[number];

export const SUMMARIES: Record<StepName, string> = {
  bootStandby: 'Boot the standby, wait for its application, check that sessions can move',
  redirectTraffic: 'Send new requests and sessions to the standby (point of no return)',
  migrateSessions: 'Hand sessions over, idle ones first',
  awaitDrain: 'Wait for running requests, hand over the rest, seal the primary',
  restartPrimary: 'Restart the primary machine and wait for its application',
  swapRoles: 'Make the standby the active machine',
};

export interface StepTime {
  name: StepName;
  /** From its first start to its end, with what it waited for an operator meanwhile; null while it has not ended, and when it was skipped. */
  ms: number | null;
}

export interface RestartStatus {
  pool: string;
  step: StepName | null;
  /** When that step began, in ms since 1970; however often it was tried since. */
  stepStartedAtMs: number | null;
  steps: StepTime[];
  /** Why the workflow waits for an operator, or null. */
  waiting: string | null;
  /** When it began to wait, in ms since 1970: the figures in `waiting` are of that moment. */
  waitingSinceMs: number | null;
  /** The code of what it waits for, where that has one. */
  code: string | null;
}

/** The updates that help a restart that waits for an operator in this step. */
export function helpfulUpdates(step: StepName | null): ('retry' | 'skip')[] {
  return step === 'restartPrimary' ? ['retry', 'skip'] : ['retry'];
}

/** Markdown for the Temporal UI's current details. */
export function describeStatus({ pool, steps, step, waiting, waitingSinceMs }: RestartStatus): string {
  const lines = steps.map(({ name, ms }) => {
    const state = ms !== null ? `done in ${ms} ms` : name === step ? 'running' : 'to do';
    return `- **${name}** (${state}): ${SUMMARIES[name]}`;
  });
  const advice =
    waiting === null
      ? []
      : [
          '',
          `**Waits for you**${waitingSinceMs === null ? '' : `, as of ${new Date(waitingSinceMs).toISOString()}`}: ${waiting}`,
          '',
          'The pool serves all its traffic meanwhile. Send the update `retry` when the cause is gone' +
            (helpfulUpdates(step).includes('skip') ? ', or `skip` to go on without restarting the primary.' : '.'),
        ];
  return [`Clean restart of pool **${pool}**`, '', ...lines, ...advice].join('\n');
}
