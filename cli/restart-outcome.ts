// What a restart, or a fail-over, has done, in one line.

import type { FailOverOutcome } from '../activities/fail-over/conclude.js';
import { describeRescued } from '../workflows/fail-over-steps.js';
import type { RestartMemory } from '../activities/restart-primary.js';
import type { RestartOutcome } from '../activities/swap-roles.js';

/** `4 sessions moved, held p99 8 ms, max 9 ms, 5.2 s in all, memory of a 812 -> 214 MiB, of b 230 MiB`. Earlier versions did not write everything down. */
export function describeOutcome(outcome: RestartOutcome): string {
  const { from, to, sessionsMoved, holdMs, tookMs, memoryBytes, rolledBack, skipped } = outcome;
  const whole = tookMs === undefined ? '' : `, ${seconds(tookMs)} in all`;
  const memory = memoryBytes === undefined ? '' : describeMemory(from, to, memoryBytes);
  return `${describeMoved(sessionsMoved)}, ${describeHolds(holdMs)}${whole}${memory}${describeExceptions(from, { rolledBack, skipped })}`;
}

/** What has become of the machine that was to be restarted, where that is not what a clean restart is for; else nothing. */
export function describeExceptions(
  from: string,
  { rolledBack, skipped }: { rolledBack?: boolean | null | undefined; skipped?: RestartOutcome['skipped'] | null },
): string {
  const back = rolledBack === true ? `; ${from} did not get ready from its fresh disk and has the one of before` : '';
  return skipped === undefined || skipped === null ? back : `${back}; ${from} ${describeSkipped(skipped)}`;
}

/** Those of a shared store stay where they are. */
export function describeMoved(sessions: number): string {
  return sessions === 0 ? 'no session had to move' : `${sessions} sessions moved`;
}

/** How long requests were held. */
export function describeHolds({ p99, max }: RestartOutcome['holdMs']): string {
  return `held p99 ${p99} ms, max ${max} ms`;
}

/** `machine down; 12 sessions saved as they were last stored, without later changes, about 3 lost, 8.1 s in all; tomcat-a is back as the standby`. */
export function describeFailOver({ from, failedOver, tookMs }: FailOverOutcome): string {
  const { reason, isBack } = failedOver;
  const why = reason === null ? '' : `${reason}; `;
  return `${why}${describeRescued(failedOver)}, ${seconds(tookMs)} in all; ${from} ${isBack ? 'is back as the standby' : 'was left as it was'}`;
}

function describeMemory(from: string, to: string, { before, after, standby }: RestartMemory): string {
  if (before === null && after === null && standby === null) return '';
  return `, memory of ${from} ${mebibytes(before)} -> ${mebibytes(after)}, of ${to} ${mebibytes(standby)}`;
}

/** For people; programs get bytes. */
export function mebibytes(bytes: number | null): string {
  return bytes === null ? '?' : `${Math.round(bytes / 2 ** 20)} MiB`;
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
