// What clients have got from each machine, for who watches it from outside.

import type { MachineTraffic, TrafficReport } from './admin-api.js';
import type { PoolTraffic } from './pool-traffic.js';

export function trafficReport({ pool, totals, inFlight }: PoolTraffic, incarnation: string): TrafficReport {
  const machines: Record<string, MachineTraffic> = {};
  for (const { name } of pool.machines) {
    const own = totals.machines.get(name);
    if (own === undefined) continue;
    const { answers, failures, latency } = own;
    machines[name] = {
      answered: [...answers.values()].reduce((sum, count) => sum + count, 0),
      serverErrors: answers.get('5xx') ?? 0,
      timeouts: failures.timeout,
      broken: failures.broken,
      busy: failures.busy,
      latency: latency.buckets(),
      inFlight: [...inFlight.requests(name)].filter(({ unanswered }) => !unanswered).length,
    };
  }
  return { incarnation, machines };
}
