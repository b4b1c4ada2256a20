// What a restart has done, in one line.

import type { RestartOutcome } from '../activities/swap-roles.js';

/** `4 sessions moved, held p99 8 ms, max 9 ms, 5.2 s in all`. Earlier versions did not write everything down. */
export function describeOutcome({ from, sessionsMoved, holdMs, tookMs, skipped }: RestartOutcome): string {
  const whole = tookMs === undefined ? '' : `, ${seconds(tookMs)} in all`;
  const kept = skipped === undefined ? '' : `; ${from} ${describeSkipped(skipped)}`;
  return `${sessionsMoved} sessions moved, held p99 ${holdMs.p99} ms, max ${holdMs.max} ms${whole}${kept}`;
}

function describeSkipped({ reason, restarted = null }: NonNullable<RestartOutcome['skipped']>): string {
  const machine =
    restarted === null
      ? 'may not have been restarted'
      : restarted
        ? 'was restarted and has not got ready in time'
        : 'was not restarted';
  return `${machine}, an operator went on without it${reason === null ? '' : `: ${reason}`}`;
}

/** For people; programs get milliseconds. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
