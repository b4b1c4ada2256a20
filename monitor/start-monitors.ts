// The monitors of a worker's supervised pools.

import type { HypervisorDriver } from '../activities/hypervisor/driver.js';
import { ProxyFleet } from '../activities/proxy-fleet.js';
import type { Config, PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import { Leadership } from '../state/leadership.js';
import { monitorOf } from '../state/monitor-state.js';
import { DownEvidences } from './down-evidence.js';
import type { MonitorLog, Reports } from './reporter.js';
import { PoolMonitor } from './pool-monitor.js';
import { samplersOf } from './samplers.js';
import { ScaledClock } from './scaled-clock.js';

export interface RunningMonitors {
  /** Resolves when all have ended. */
  close(): Promise<void>;
}

export interface MonitorsOptions {
  config: Config;
  database: Database;
  driverFor: (pool: PoolConfig) => HypervisorDriver;
  reportsFor: (pool: PoolConfig) => Reports;
  isRunOpen: (run: string) => Promise<boolean>;
  log: MonitorLog;
}

/** Watches every pool that has a policy: of the others nobody would act on it. */
export function startMonitors({ config, database, driverFor, reportsFor, isRunOpen, log }: MonitorsOptions): RunningMonitors {
  const stop = new AbortController();
  const monitors = Object.values(config.pools)
    .filter(({ policy }) => policy !== null)
    .map((pool) => {
      const clock = new ScaledClock(pool.monitor.timeScale);
      const driver = driverFor(pool);
      const fleet = new ProxyFleet(database, pool.name, config.adminToken);
      const { health, monitor } = pool;
      return new PoolMonitor({
        ...{ pool, database, driver, clock, log, isRunOpen, reports: reportsFor(pool) },
        samplers: samplersOf(pool, { fleet, driver, now: () => clock.now() }),
        evidences: new DownEvidences({ health, fleet, driver, timeoutMs: monitor.timeoutMs }),
        leadership: new Leadership(config.database.url, monitorOf(pool.name)),
      });
    });
  const ended = Promise.all(monitors.map((monitor) => monitor.run(stop.signal)));
  return {
    async close() {
      stop.abort();
      await ended;
    },
  };
}
