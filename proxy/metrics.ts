// Prometheus metrics, read off plain counters when scraped: the request path pays an addition.

import { Counter, Gauge, Registry } from 'prom-client';
import type { PoolTraffic } from './pool-traffic.js';

export function createMetrics(traffic: PoolTraffic): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ pool: traffic.pool.name });
  const registers = [registry];
  new Counter({
    name: 'vm_rejuv_requests_total',
    help: 'Requests answered, by machine ("proxy": by the proxy itself) and status class.',
    labelNames: ['machine', 'status'] as const,
    registers,
    collect() {
      this.reset();
      for (const [machine, { answers }] of traffic.totals.machines) {
        for (const [status, count] of answers) this.inc({ machine, status }, count);
      }
    },
  });
  new Gauge({
    name: 'vm_rejuv_in_flight_requests',
    help: 'Requests that a machine has not answered yet.',
    labelNames: ['machine'] as const,
    registers,
    collect() {
      for (const { name } of traffic.pool.machines) this.set({ machine: name }, [...traffic.inFlight.requests(name)].length);
    },
  });
  gauge(registers, 'vm_rejuv_held_requests', 'Requests that wait in the gate.', () => traffic.gate.waiting);
  gauge(
    registers,
    'vm_rejuv_requests_behind_another',
    'Requests that wait until an earlier one of their session has been answered.',
    () => traffic.turns?.waiting ?? 0,
  );
  gauge(
    registers,
    'vm_rejuv_hold_expired',
    'Requests answered 503 because of a hold since the pool left steady.',
    () => traffic.gate.expired,
  );
  gauge(registers, 'vm_rejuv_epoch', "Epoch of the pool's routing.", () => traffic.state.epoch);
  gauge(registers, 'vm_rejuv_moving', '1 while a clean restart is under way.', () => (traffic.state.phase === 'steady' ? 0 : 1));
  gauge(
    registers,
    'vm_rejuv_known_sessions',
    'Entries in memory that grow with the number of sessions; 0 while the pool is steady.',
    () => traffic.remembered,
  );
  return registry;
}

function gauge(registers: Registry[], name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers,
    collect() {
      this.set(read());
    },
  });
}
