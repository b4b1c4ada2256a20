// What clients have got from a machine between two reports of its proxies.

import type { MachineTraffic, TrafficReport } from '../proxy/admin-api.js';

export type Growth = Omit<MachineTraffic, 'inFlight'>;

const NOTHING: Growth = { answered: 0, serverErrors: 0, timeouts: 0, broken: 0, busy: 0, latency: [] };

export class TrafficGrowth {
  /** By incarnation of the proxy. */
  private before = new Map<string, Growth>();

  /** Since the last reports; what a proxy has counted before it was first asked belongs to no interval. */
  since(reports: readonly TrafficReport[], machine: string): Growth {
    const now = new Map(reports.map((report) => [report.incarnation, report.machines[machine] ?? NOTHING]));
    const grown = [...now].flatMap(([incarnation, counts]) => {
      const before = this.before.get(incarnation);
      return before === undefined ? [] : [difference(before, counts)];
    });
    this.before = now;
    return total(grown);
  }

  reset(): void {
    this.before.clear();
  }
}

function difference(before: Growth, now: Growth): Growth {
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

function total(all: readonly Growth[]): Growth {
  const latency = new Map<number, number>();
  for (const one of all) for (const [upToMs, count] of one.latency) latency.set(upToMs, (latency.get(upToMs) ?? 0) + count);
  const sum = (field: Exclude<keyof Growth, 'latency'>): number => all.reduce((so, one) => so + one[field], 0);
  return {
    answered: sum('answered'),
    serverErrors: sum('serverErrors'),
    timeouts: sum('timeouts'),
    broken: sum('broken'),
    busy: sum('busy'),
    latency: [...latency].sort(([one], [other]) => one - other),
  };
}
