// The status of a pool as a person reads it.

import type { RestartOutcome } from '../activities/swap-roles.js';
import type { PoolRow } from '../state/pool.js';
import { describeOutcome, seconds } from './restart-outcome.js';
import type { RestartProgress } from './restart-progress.js';
import type { RestartView } from './running-restarts.js';

interface ProxyStatus {
  name: string;
  incarnation: string;
  adminUrl: string;
  /** Its process has ended for certain. */
  dead: boolean;
}

export interface PoolStatus
  extends
    Pick<PoolRow, 'phase' | 'active' | 'standby' | 'epoch' | 'run'>,
    Pick<RestartProgress, 'step' | 'stepMs' | 'retrying' | 'waiting' | 'updates'>,
    Pick<RestartView, 'temporal' | 'trouble'> {
  pool: string;
  proxies: ProxyStatus[];
  lastRestart: { finishedAt: Date; result: RestartOutcome } | null;
  /** Null when no end of a proxy keeps the pool waiting. */
  uncleanWaitMs: number | null;
}

/** Several lines, the first of them about the pool, the others indented. */
export function statusText(status: PoolStatus): string {
  const { pool, phase, active, standby, epoch, proxies } = status;
  return [
    `${pool}: ${phase}, active ${active}, standby ${standby}, epoch ${epoch}`,
    ...restartLines(status).map((line) => `  ${line}`),
    ...proxies.map(proxyLine).map((line) => `  ${line}`),
    ...(proxies.length === 0 ? ['  no proxy is registered'] : []),
    `  ${lastLine(status)}`,
  ].join('\n');
}

function restartLines({ run, step, stepMs, retrying, waiting, updates, uncleanWaitMs, trouble }: PoolStatus): string[] {
  const lines = [`restart: ${run ?? 'none runs'}`];
  if (step !== null) lines.push(`  in ${step}${stepMs === null ? '' : ` for ${seconds(stepMs)}`}`);
  if (retrying !== null) lines.push(`  tries ${step ?? 'it'} again: ${retrying}`);
  if (waiting !== null) lines.push(`  waits for an operator: ${waiting} Updates: ${updates.join(', ')}.`);
  if (uncleanWaitMs !== null) {
    const why = 'a proxy has ended whose requests may still run (limits.requestTimeoutMs)';
    lines.push(`  moves nothing for another ${seconds(uncleanWaitMs)}: ${why}`);
  }
  if (trouble !== null) lines.push(`  ${trouble}`);
  return lines;
}

function proxyLine({ name, incarnation, adminUrl, dead }: ProxyStatus): string {
  return `proxy ${name} ${incarnation} at ${adminUrl}${dead ? ' (its process has ended)' : ''}`;
}

function lastLine({ lastRestart }: PoolStatus): string {
  if (lastRestart === null) return 'never restarted';
  const { finishedAt, result } = lastRestart;
  return `last restart ${finishedAt.toISOString()}, ${result.from} to ${result.to}: ${describeOutcome(result)}`;
}
