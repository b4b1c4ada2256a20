// What must not have come of a fault.

import type { WindowReport } from '../demo/load/report.js';
import type { Fault } from './fault.js';

export interface Outcome {
  /** Of outcome.ts, or `did not end`. */
  outcome: string;
  /** How many restarts say that they have swapped the roles. */
  swaps: number;
  /** Whether the active machine is another one than before. */
  swapped: boolean;
  report: WindowReport;
}

/** One sentence for each thing that is wrong, beside the state of the pool. */
export function verdict(fault: Pick<Fault, 'mayFail' | 'mayLose'>, { outcome, swaps, swapped, report }: Outcome): string[] {
  const { failed, sessionsLost, updatesLost } = report;
  const wrong: string[] = [];
  if (outcome === 'did not end') wrong.push('The restart did not end.');
  if (swapped !== (swaps % 2 === 1))
    wrong.push(`${swaps} restarts have finished, and the roles are ${swapped ? '' : 'not '}swapped.`);
  if (failed > 0 && fault.mayFail === undefined) wrong.push(`${failed} requests failed: ${reasonsOf(report)}.`);
  if (sessionsLost + updatesLost > 0 && fault.mayLose === undefined)
    wrong.push(`${sessionsLost} sessions and ${updatesLost} updates were lost.`);
  return wrong;
}

function reasonsOf({ reasons }: WindowReport): string {
  return Object.entries(reasons)
    .map(([reason, count]) => `${count} × ${reason}`)
    .join(', ');
}
