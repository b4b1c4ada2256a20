// The status of a pool as a person reads it.

import type { FailureRecord } from '../workflows/failure-record.js';
import type { PoolStatus as Supervisor } from '../workflows/supervision.js';
import { describeTold } from '../workflows/supervision-details.js';
import { describeDeclined } from '../workflows/wishes.js';
import type { FailOverOutcome } from '../activities/fail-over/conclude.js';
import type { RestartOutcome } from '../activities/swap-roles.js';
import type { RecordedVerdict } from '../monitor/pool-monitor.js';
import type { PoolRow } from '../state/pool.js';
import { leftToDo } from './left-to-do.js';
import type { MonitorStatus } from './monitor-status.js';
import { describeMonitor } from './monitor-status.js';
import { describeFailOver, describeOutcome, seconds } from './restart-outcome.js';
import type { RestartProgress } from './restart-progress.js';
import { describeWaiting } from './restart-progress.js';
import type { RestartView, SupervisorView } from './running-restarts.js';
import { describeUncleanWait } from './unclean-wait.js';

interface MachineStatus {
  name: string;
  url: string;
  /** Whether its health check is well, asked from here. */
  answers: boolean;
  /** What it has answered instead; null also of a cold pool's standby between restarts, which nobody needs. */
  trouble: string | null;
}

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
    Pick<
      RestartProgress,
      'step' | 'stepMs' | 'attempt' | 'running' | 'retrying' | 'doing' | 'waiting' | 'waitingSince' | 'code' | 'updates'
    >,
    Pick<RestartView, 'temporal' | 'trouble'>,
    SupervisorView {
  pool: string;
  machines: MachineStatus[];
  proxies: ProxyStatus[];
  lastRestart: { finishedAt: Date; result: RestartOutcome | FailOverOutcome } | null;
  /** Why the latest restart has given the pool back as it was; null when it did not. */
  lastFailure: { finishedAt: Date; failure: FailureRecord } | null;
  /** Null when no end of a proxy keeps the pool waiting. */
  uncleanWaitMs: number | null;
  /** Whether it is watched, and how that goes; null of a pool without a policy. */
  monitor: MonitorStatus | null;
  /** The last word of detection about this boot of the active machine; null before there is one. */
  monitoring: (RecordedVerdict & { judgedAt: Date }) | null;
}

/** Where requests go that begin no session, or belong to one that has moved. */
const PHASES = {
  steady: '',
  opening: '',
  moving: ' (new sessions go to the standby)',
  sealed: ' (all traffic goes to the standby)',
};

/** Several lines, the first of them about the pool, the others indented. */
export function statusText(status: PoolStatus): string {
  const { pool, phase, active, standby, epoch, machines, proxies } = status;
  const left = leftToDo(status);
  return [
    `${pool}: ${phase}, active ${active}, standby ${standby}, epoch ${epoch}${PHASES[phase]}`,
    ...restartLines(status).map((line) => `  ${line}`),
    ...supervisorLines(status).map((line) => `  ${line}`),
    ...describeMonitor(status.monitor).map((line) => `  ${line}`),
    ...detectionLines(status).map((line) => `  ${line}`),
    ...machines.map(machineLine).map((line) => `  ${line}`),
    ...proxies.map(proxyLine).map((line) => `  ${line}`),
    ...(proxies.length === 0 ? ['  no proxy is registered'] : []),
    `  ${lastLine(status)}`,
    ...(left === null ? [] : [`    next: ${left}`]),
    ...failureLines(status).map((line) => `  ${line}`),
  ].join('\n');
}

function restartLines(status: PoolStatus): string[] {
  const { pool, run, step, stepMs, attempt, running, retrying, doing, uncleanWaitMs, trouble } = status;
  const lines = [`restart: ${run ?? 'none runs'}`];
  if (step !== null)
    lines.push(`  in ${step}${stepMs === null ? '' : ` for ${seconds(stepMs)}`}${doing === null ? '' : `: ${doing}`}`);
  if (retrying !== null) lines.push(`  ${describeRetry(attempt ?? 0, running, retrying)}`);
  lines.push(...describeWaiting(status, pool).map((line) => `  ${line}`));
  if (uncleanWaitMs !== null) lines.push(`  ${describeUncleanWait(uncleanWaitMs)}`);
  if (trouble !== null) lines.push(`  ${trouble}`);
  return lines;
}

function supervisorLines({ supervisor, supervisorTrouble, monitor }: PoolStatus): string[] {
  if (supervisor === null) return supervisorTrouble === null ? [] : [`supervisor: ${supervisorTrouble}`];
  const { pool, state, paused, wanted, judgement, lastRefusal, anomalies = [] } = supervisor;
  const lines = [`supervisor: ${state.replaceAll('-', ' ')}${paused === null ? '' : `: ${paused}`}`];
  if (wanted !== null)
    lines.push(
      `  ${wanted.by === 'down' ? 'a fail-over is wanted' : `a restart is wanted by ${wanted.by}`}${wanted.reason === null ? '' : `: ${wanted.reason}`}`,
    );
  if (judgement !== null) lines.push(`  ${judgement.code}: ${judgement.text}`);
  const declined = describeDeclined(supervisor);
  if (declined !== null) lines.push(`  ${declined}`);
  // What is said above already is not said again. A worker of before does not tell.
  if (lastRefusal != null && lastRefusal.code !== judgement?.code) lines.push(`  ${describeRefusal(lastRefusal)}`);
  // What the monitor tells of itself stands there.
  for (const { about, evidence, sinceMs } of anomalies.filter(
    (one) => !monitor?.anomalies.some((own) => own.about === one.about),
  ))
    lines.push(`  wrong since ${new Date(sinceMs).toISOString()}: ${evidence ?? about}`);
  if (state === 'waiting-for-approval') lines.push(`  decide: vm-rejuv approve ${pool}, or vm-rejuv reject ${pool}`);
  if (state === 'paused') lines.push(`  go on: vm-rejuv resume ${pool}`);
  return lines;
}

function describeRefusal(refusal: NonNullable<Supervisor['lastRefusal']>): string {
  const { atMs, code, text } = refusal;
  return `last ${code === 'REJECTED' ? 'rejected' : 'refused'} ${new Date(atMs).toISOString()}: ${describeTold(refusal)}: ${code}: ${text}`;
}

function detectionLines({ monitoring, active }: PoolStatus): string[] {
  if (monitoring === null) return [];
  const { judgedAt, explanation } = monitoring;
  return [`detection of ${active} ${judgedAt.toISOString()}: ${explanation}`];
}

/** Temporal counts the attempt that is to come. */
function describeRetry(attempt: number, running: boolean, reason: string): string {
  return `attempt ${attempt} ${running ? 'runs' : 'is to come'}; the one before it has ended: ${reason}`;
}

function failureLines({ lastFailure, run }: PoolStatus): string[] {
  if (lastFailure === null || run !== null) return [];
  const { finishedAt, failure } = lastFailure;
  return [`a restart was given up ${finishedAt.toISOString()}: ${failure.code}: ${failure.message}`];
}

function machineLine({ name, url, answers, trouble }: MachineStatus): string {
  const how = answers
    ? 'healthy'
    : trouble === null
      ? 'does not answer, as a cold standby between restarts'
      : `not healthy, asked from here: ${trouble}`;
  return `machine ${name} at ${url}: ${how}`;
}

function proxyLine({ name, incarnation, adminUrl, dead }: ProxyStatus): string {
  return `proxy ${name} ${incarnation} at ${adminUrl}${dead ? ' (its process has ended)' : ''}`;
}

function lastLine({ lastRestart }: PoolStatus): string {
  if (lastRestart === null) return 'never restarted';
  const { finishedAt, result } = lastRestart;
  const when = `${finishedAt.toISOString()}, ${result.from} to ${result.to}`;
  return 'failedOver' in result
    ? `last failed over ${when}: ${describeFailOver(result)}`
    : `last restart ${when}: ${describeOutcome(result)}`;
}
