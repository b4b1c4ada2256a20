// What clients get from the machine: response times, failures, time-outs and requests in flight, as its proxies count them.

import type { ProxyFleet } from '../activities/proxy-fleet.js';
import { seriesOf } from '../aging/series.js';
import type { MachineConfig } from '../config/types.js';
import type { TrafficReport } from '../proxy/admin-api.js';
import type { Reading, Sampler } from './sampler.js';
import type { Growth } from './traffic-growth.js';
import { TrafficGrowth } from './traffic-growth.js';

/** Of fewer a share or a quantile says nothing. Chosen. */
const LEAST_REQUESTS = 20;

export interface TrafficLimits {
  /** Of one proxy to one machine. */
  maxConnections: number;
  /** Response time that nobody waits for any more. */
  tooSlowMs: number;
}

export class TrafficSampler implements Sampler {
  readonly name = 'traffic';
  readonly asksProxies = true;
  private readonly growth = new TrafficGrowth();
  private served = 0;

  constructor(
    private readonly fleet: Pick<ProxyFleet, 'traffic'>,
    private readonly limits: TrafficLimits,
  ) {}

  async sample({ name }: MachineConfig): Promise<Reading[]> {
    const reports = await this.fleet.traffic();
    const sum = this.growth.since(reports, name);
    this.served += sum.answered;
    return [
      { series: seriesOf('requests', 'requests'), value: this.served },
      {
        series: seriesOf('connections:proxy', 'connections', this.limits.maxConnections * reports.length),
        value: inFlight(reports, name),
      },
      ...qualityOf(sum, this.limits.tooSlowMs),
    ];
  }

  reset(): void {
    this.growth.reset();
    this.served = 0;
  }

  resume(latest: ReadonlyMap<string, number>): void {
    // What the proxies have counted up to now is the other's, also where this process has led before it.
    this.growth.reset();
    // A counter that fell would be taken for a boot.
    this.served = latest.get('requests') ?? 0;
  }
}

function inFlight(reports: readonly TrafficReport[], machine: string): number {
  return reports.reduce((sum, { machines }) => sum + (machines[machine]?.inFlight ?? 0), 0);
}

function qualityOf({ answered, serverErrors, timeouts, broken, busy, latency }: Growth, tooSlowMs: number): Reading[] {
  const asked = answered + timeouts + broken + busy;
  const readings: Reading[] = [];
  if (asked >= LEAST_REQUESTS) {
    readings.push(
      { series: seriesOf('errorRate', 'errorRate'), value: (serverErrors + timeouts + broken + busy) / asked },
      { series: seriesOf('timeoutRate', 'timeoutRate'), value: timeouts / asked },
      { series: seriesOf('queueFullRate', 'queueFullRate'), value: busy / asked },
    );
  }
  if (answered < LEAST_REQUESTS) return readings;
  for (const [kind, share] of QUANTILES) {
    readings.push({ series: seriesOf(kind, kind, tooSlowMs), value: quantile(latency, share) });
  }
  return readings;
}

const QUANTILES = [
  ['latencyP50', 0.5],
  ['latencyP95', 0.95],
  ['latencyP99', 0.99],
] as const;

/** The upper bound of the bucket in which the share is reached. */
function quantile(buckets: readonly (readonly [number, number])[], share: number): number {
  const all = buckets.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [upToMs, count] of buckets) {
    seen += count;
    if (seen >= share * all) return upToMs;
  }
  return 0;
}
