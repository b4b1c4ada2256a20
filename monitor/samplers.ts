// Who measures the machines of a pool, by its configuration.

import type { HypervisorDriver } from '../activities/hypervisor/driver.js';
import type { ProxyFleet } from '../activities/proxy-fleet.js';
import type { PoolConfig } from '../config/types.js';
import { MemorySampler } from './memory-sampler.js';
import { PrometheusSampler } from './prometheus-sampler.js';
import type { Sampler } from './sampler.js';
import { TomcatSampler } from './tomcat-sampler.js';
import { TrafficSampler } from './traffic-sampler.js';

export interface Measured {
  fleet: Pick<ProxyFleet, 'traffic'>;
  driver: Pick<HypervisorDriver, 'memoryUse'>;
  /** In ms since 1970, by the monitor's clock. */
  now: () => number;
}

/** New ones, that have measured nothing yet; who no longer needs them closes them. */
export function samplersOf({ sessions, limits, monitor }: PoolConfig, { fleet, driver, now }: Measured): Sampler[] {
  const { threadLimit, memoryLimit, collectEveryMs } = monitor;
  return [
    new TrafficSampler(fleet, {
      maxConnections: limits.maxConnections,
      tooSlowMs: monitor.tooSlowMs ?? limits.requestTimeoutMs,
    }),
    new MemorySampler(driver, memoryLimit),
    ...(sessions.mechanism === 'tomcat-swap' || sessions.mechanism === 'tomcat-cluster'
      ? [new TomcatSampler({ manager: sessions.manager, contexts: sessions.contexts, threadLimit, collectEveryMs, now })]
      : []),
    ...monitor.prometheus.map((metric) => new PrometheusSampler(metric)),
  ];
}
