// Whether the machines of a supervised pool can be measured: each sampler is tried once, as its monitor would, and nothing is kept of it.

import type { HypervisorDriver } from '../activities/hypervisor/driver.js';
import type { ProxyFleet } from '../activities/proxy-fleet.js';
import { KINDS } from '../aging/series.js';
import { inUnit } from '../aging/verdict.js';
import { OperatorError } from '../config/operator-error.js';
import type { MachineConfig, PoolConfig } from '../config/types.js';
import { sampleInTime } from '../monitor/sample-in-time.js';
import type { Reading, Sampler } from '../monitor/sampler.js';
import { samplersOf } from '../monitor/samplers.js';
import type { CheckItem, Finding } from './check-lines.js';

export interface CheckedPool {
  pool: PoolConfig;
  /** Undefined where nobody tells; then it is the one that is active at first. */
  active: MachineConfig | undefined;
  /** Machines that are off, by name. */
  off: readonly string[];
  driver: Pick<HypervisorDriver, 'memoryUse' | 'status'>;
  fleet: Pick<ProxyFleet, 'trafficOfAll'>;
  /** Why no proxy can be asked; null where they can. */
  whyNoProxy: string | null;
}

/**
 * A line for each sampler and each machine that it will measure: the active one, and the standby of a hot pool, which is measured once it is
 * active. The proxies tell of both at once.
 */
export async function checkSamplers(
  { pool, active = pool.machines[0], off, driver, fleet, whyNoProxy }: CheckedPool,
  item: CheckItem,
): Promise<void> {
  // A full collection would stop the JVM for a moment.
  const quiet = { ...pool, monitor: { ...pool.monitor, collectEveryMs: null } };
  const samplers = samplersOf(quiet, { fleet: { traffic: () => fleet.trafficOfAll() }, driver, now: () => Date.now() });
  const standbys = pool.standby === 'hot' ? pool.machines.filter(({ name }) => name !== active.name) : [];
  const tryOne = (sampler: Sampler, machine: MachineConfig): Promise<unknown> =>
    item(
      `${pool.name}: sampler ${sampler.name} measures ${machine.name}`,
      async ({ notChecked, signal }) => {
        const why = sampler.asksProxies === true ? whyNoProxy : off.includes(machine.name) ? `${machine.name} is off` : null;
        if (why !== null) return none(notChecked, why);
        const readings = await sampleInTime(sampler, machine, { driver, timeoutMs: pool.monitor.timeoutMs }, signal);
        if (readings.length === 0) return none(notChecked, 'its hypervisor does not tell');
        mustBeWithinLimits(machine, readings);
        return readings;
      },
      (readings) => tell(sampler, machine, readings),
    );
  try {
    for (const sampler of samplers) {
      await tryOne(sampler, active);
      for (const standby of sampler.asksProxies === true ? [] : standbys) await tryOne(sampler, standby);
    }
  } finally {
    await Promise.all(samplers.map(async (sampler) => sampler.close?.()));
  }
}

function none(notChecked: (why: string) => void, why: string): Reading[] {
  notChecked(why);
  return [];
}

/** What is beyond its limit from the start would be restarted again and again. */
function mustBeWithinLimits({ name }: MachineConfig, readings: readonly Reading[]): void {
  const beyond = readings.flatMap(({ series, value }) => {
    const { limit } = series;
    if (KINDS[series.kind].role !== 'resource' || limit === null || value <= limit) return [];
    return [`${series.name} at ${inUnit(value, series)}, above its limit of ${inUnit(limit, series)}`];
  });
  if (beyond.length === 0) return;
  throw new OperatorError(
    'LIMIT_TOO_LOW',
    `Machine ${name} has ${beyond.join(', and ')}: it would be restarted as exhausted.`,
    'Correct the limit in pools.*.monitor (memoryLimit, threadLimit, or limit, limitMetric and scale of prometheus), or restart the machine if it is exhausted.',
  );
}

function tell({ name: sampler }: Sampler, { name: machine }: MachineConfig, readings: readonly Reading[]): Finding {
  const text = readings.map(({ series, value }) => {
    // Without one its trend has no end, and no ceiling is known.
    const without = KINDS[series.kind].role === 'resource' ? ' without a limit' : '';
    return `${series.name} ${inUnit(value, series)}${series.limit === null ? without : ` of ${Math.round(series.limit)}`}`;
  });
  const values = readings.map(({ series, value }) => ({ series: series.name, value, limit: series.limit }));
  return { text: `: ${text.join(', ')}`, value: { sampler, machine, readings: values } };
}
