// Whether a supervised pool is watched now, by whom, and how its samplers are.

import type { PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import type { MonitorRow, MonitorState, SamplerState } from '../state/monitor-state.js';
import { readMonitor } from '../state/monitor-state.js';
import { countSamples } from '../state/sample.js';

/** It is heard of once an interval; after so many it counts as silent. Chosen. */
const SILENT_AFTER = 3;

export interface MonitorStatus extends MonitorState {
  /** nobody: no worker leads it. silent: one does, and has not been heard of. learning: nothing is judged of this boot yet, or it warms up. */
  state: 'nobody' | 'silent' | 'learning' | 'watching';
  /** `host/pid` of who watches, or watched last; null when nobody ever has. */
  worker: string | null;
  /** Since when it watches, and when it was heard of last. */
  since: Date | null;
  seenAt: Date | null;
  /** Taken of this boot of the active machine, as far as they are kept. */
  samples: number;
}

/** Null of a pool that nobody is to watch. */
export async function monitorStatus(
  { name, policy, monitor }: PoolConfig,
  database: Database,
  isJudged: boolean,
): Promise<MonitorStatus | null> {
  if (policy === null) return null;
  const row = await readMonitor(database, name);
  const samples = await countSamples(database, name);
  if (row === null) return { state: 'nobody', worker: null, since: null, seenAt: null, samples, samplers: [], anomalies: [] };
  const { worker, since, seenAt, samplers, anomalies } = row;
  const silentMs = SILENT_AFTER * (monitor.intervalMs + monitor.timeoutMs);
  return { state: stateOf(row, silentMs, isJudged), worker, since, seenAt, samples, samplers, anomalies };
}

function stateOf({ isLed, ageMs }: MonitorRow, silentMs: number, isJudged: boolean): MonitorStatus['state'] {
  if (!isLed) return 'nobody';
  if (ageMs > silentMs) return 'silent';
  return isJudged ? 'watching' : 'learning';
}

/** Lines for people, none of a pool that nobody is to watch. */
export function describeMonitor(monitor: MonitorStatus | null): string[] {
  if (monitor === null) return [];
  const { state, worker, since, seenAt, samples, samplers, anomalies } = monitor;
  const seen = seenAt === null ? 'nobody ever has' : `${worker ?? ''} did until ${seenAt.toISOString()}`;
  const count = `${samples} ${samples === 1 ? 'sample' : 'samples'} so far`;
  const whole = {
    nobody: `monitor: nobody watches the pool (${seen}): start a worker: vm-rejuv worker`,
    silent: `monitor: ${worker ?? ''} leads it, and was not heard of since ${seenAt?.toISOString() ?? ''}: look at that worker`,
    learning: `monitor: learning, ${worker ?? ''} watches since ${since?.toISOString() ?? ''}, ${count}`,
    watching: `monitor: ${worker ?? ''} watches since ${since?.toISOString() ?? ''}, ${count}`,
  }[state];
  const wrong = anomalies.filter(({ about }) => !samplers.some(({ sampler }) => about === `sampler ${sampler}`));
  return [
    whole,
    ...samplers.map((sampler) => `  ${describeSampler(sampler)}`),
    ...wrong.map(({ evidence, sinceMs }) => `  wrong since ${new Date(sinceMs).toISOString()}: ${evidence}`),
  ];
}

function describeSampler({ sampler, lastSuccessAt, failure, deadSince }: SamplerState): string {
  const last = lastSuccessAt === null ? 'no sample yet' : `last sample ${lastSuccessAt}`;
  if (failure === null) return `sampler ${sampler}: ${last}`;
  const { times, code, message } = failure;
  const how = deadSince === null ? `failed ${times === 1 ? 'once' : `${times} times`}` : `dead since ${deadSince}`;
  return `sampler ${sampler}: ${how}, ${last}: ${code === null ? '' : `${code}: `}${message}`;
}
