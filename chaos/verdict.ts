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
  /** How long the fault lasted, until what it broke was back; zero when its moment did not come. */
  lastedMs: number;
  /** How many sessions what broke had right before. */
  atStake: number;
  /** Of the load, a second. */
  rate: number;
}

/** What is back serves a little later; and what was on its way when it broke was due before. Chosen. */
const MARGIN_MS = 2000;
/** demo/load/run-load.ts: every fourth user sends two requests at once, so that there are more than the rate says. */
const PAIRS = 0.25;
/** demo/load/user.ts: a longer cart is left behind. An older copy of a session may have survived what broke, without these. */
const UPDATES_PER_SESSION = 150;

/** One sentence for each thing that is wrong, beside the state of the pool. */
export function verdict(fault: Pick<Fault, 'mayFail' | 'mayLose'>, seen: Outcome): string[] {
  const { outcome, swaps, swapped, report } = seen;
  const { failed, sessionsLost, updatesLost } = report;
  const wrong: string[] = [];
  if (outcome === 'did not end') wrong.push('The restart did not end.');
  if (swapped !== (swaps % 2 === 1))
    wrong.push(`${swaps} restarts have finished, and the roles are ${swapped ? '' : 'not '}swapped.`);
  const mostFailed = fault.mayFail === undefined ? 0 : failable(seen);
  if (failed > mostFailed) wrong.push(`${failed} requests failed${beyond(mostFailed)}: ${reasonsOf(report)}.`);
  const mostLost = fault.mayLose === undefined ? 0 : losable(seen);
  // Of a session that is lost altogether the updates are not counted.
  const mostUpdates = Math.max(0, mostLost - sessionsLost) * UPDATES_PER_SESSION;
  if (sessionsLost > mostLost || updatesLost > mostUpdates)
    wrong.push(`${sessionsLost} sessions and ${updatesLost} updates were lost${beyond(mostLost)}.`);
  return wrong;
}

/** Whatever was due while it lasted. */
function failable({ lastedMs, rate }: Outcome): number {
  return lastedMs === 0 ? 0 : Math.ceil(((1 + PAIRS) * rate * (lastedMs + MARGIN_MS)) / 1000);
}

/** Of two requests at once each may come back with a new session, and the lost one then counts twice. */
function losable({ atStake }: Outcome): number {
  return Math.ceil((1 + PAIRS) * atStake);
}

function beyond(most: number): string {
  return most === 0 ? '' : `, where ${most} may`;
}

function reasonsOf({ reasons }: WindowReport): string {
  return Object.entries(reasons)
    .map(([reason, count]) => `${count} × ${reason}`)
    .join(', ');
}
