// What clients get from the machine: response times, failures, time-outs and requests in flight, as its proxies count them.

import type { ProxyFleet } from '../activities/proxy-fleet.js';
import { seriesOf } from '../aging/series.js';
import type { MachineConfig } from '../config/types.js';
import type { MachineTraffic, TrafficReport } from '../proxy/admin-api.js';
import type { Reading, Sampler } from './sampler.js';

/** Of fewer a share or a quantile says nothing. Chosen. */
const LEAST_REQUESTS = 20;

type Counts = Omit<MachineTraffic, 'inFlight'>;

export class TrafficSampler implements Sampler {
  readonly name = 'traffic';
  /** By incarnation of the proxy. */
  private before = new Map<string, Counts>();
  private served = 0;

  constructor(
    private readonly fleet: Pick<ProxyFleet, 'traffic'>,
    /** Of one proxy to one machine. */
    private readonly maxConnections: number,
  ) {}

  async sample({ name }: MachineConfig): Promise<Reading[]> {
    const reports = await this.fleet.traffic();
    const now = new Map(reports.map((report) => [report.incarnation, report.machines[name] ?? NOTHING]));
    const grown = [...now].flatMap(([incarnation, counts]) => {
      // What a proxy has counted before anybody asked it belongs to no interval.
      const before = this.before.get(incarnation);
      return before === undefined ? [] : [growth(before, counts)];
    });
    this.before = now;
    const sum = total(grown);
    this.served += sum.answered;
    return [
      { series: seriesOf('requests', 'requests'), value: this.served },
      {
        series: seriesOf('connections:proxy', 'connections', this.maxConnections * reports.length),
        value: inFlight(reports, name),
      },
      ...qualityOf(sum),
    ];
  }

  reset(): void {
    this.before.clear();
    this.served = 0;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const NOTHING: MachineTraffic = { answered: 0, serverErrors: 0, timeouts: 0, broken: 0, busy: 0, latency: [], inFlight: 0 };

function inFlight(reports: readonly TrafficReport[], machine: string): number {
  return reports.reduce((sum, { machines }) => sum + (machines[machine]?.inFlight ?? 0), 0);
}

function growth(before: Counts, now: Counts): Counts {
  const earlier = new Map(before.latency);
  return {
    answered: now.answered - before.answered,
    serverErrors: now.serverErrors - before.serverErrors,
    timeouts: now.timeouts - before.timeouts,
    broken: now.broken - before.broken,
    busy: now.busy - before.busy,
    latency: now.latency.map(([upToMs, count]) => [upToMs, count - (earlier.get(upToMs) ?? 0)]),
  };
}

function total(all: readonly Counts[]): Counts {
  const latency = new Map<number, number>();
  for (const one of all) for (const [upToMs, count] of one.latency) latency.set(upToMs, (latency.get(upToMs) ?? 0) + count);
  const sum = (field: Exclude<keyof Counts, 'latency'>): number => all.reduce((so, one) => so + one[field], 0);
  return {
    answered: sum('answered'),
    serverErrors: sum('serverErrors'),
    timeouts: sum('timeouts'),
    broken: sum('broken'),
    busy: sum('busy'),
    latency: [...latency].sort(([one], [other]) => one - other),
  };
}

function qualityOf({ answered, serverErrors, timeouts, broken, busy, latency }: Counts): Reading[] {
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
  for (const [kind, share] of QUANTILES) readings.push({ series: seriesOf(kind, kind), value: quantile(latency, share) });
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
