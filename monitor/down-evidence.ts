// What speaks for it that the active machine has died or hangs, from everybody who can tell.

import type { HypervisorDriver } from '../activities/hypervisor/driver.js';
import type { ProxyFleet } from '../activities/proxy-fleet.js';
import { WAY_MS } from '../activities/proxy-fleet.js';
import { probe } from '../activities/health.js';
import { within } from '../config/within.js';
import type { HealthConfig, MachineConfig } from '../config/types.js';
import type { DownEvidence } from './down-watch.js';
import { TrafficGrowth } from './traffic-growth.js';

/** Of fewer requests a majority says nothing. Chosen. */
const LEAST_FAILURES = 5;

/** While the machine answers, the others are asked at every so many looks. Chosen: every ten seconds with the defaults. */
export const ASIDE_EVERY = 5;

export interface Witnesses {
  health: HealthConfig;
  fleet: Pick<ProxyFleet, 'healthSeen' | 'traffic'>;
  driver: Pick<HypervisorDriver, 'status'>;
  /** What each of them may take. */
  timeoutMs: number;
}

export class DownEvidences {
  private readonly growth = new TrafficGrowth();
  /** The same while the machine answers, and what the others have said when they were asked last. */
  private readonly growthAside = new TrafficGrowth();
  private aside: DownEvidence[] = [];
  private looksWell = 0;

  constructor(private readonly witnesses: Witnesses) {}

  /** Nothing from before is compared with what comes. */
  reset(): void {
    this.growth.reset();
    this.resetAside();
  }

  /**
   * One look. A machine that answers is well, whatever others say, who are asked now and then all the same; a witness that does not answer
   * says nothing.
   */
  async look(machine: MachineConfig, signal: AbortSignal): Promise<DownEvidence[]> {
    const seen = await probe(machine, this.witnesses.health);
    if (seen === null) {
      this.growth.reset();
      if (this.looksWell++ % ASIDE_EVERY === 0) this.aside = (await this.others(machine, this.growthAside, signal)) ?? [];
      return this.aside;
    }
    this.resetAside();
    const health: DownEvidence = { kind: 'health', text: `the worker: ${seen}` };
    return [health, ...((await this.others(machine, this.growth, signal)) ?? [])];
  }

  private resetAside(): void {
    this.growthAside.reset();
    this.aside = [];
    this.looksWell = 0;
  }

  /** Null without a proxy that answers: nobody uses the pool then, or nothing could be routed. */
  private async others(machine: MachineConfig, growth: TrafficGrowth, signal: AbortSignal): Promise<DownEvidence[] | null> {
    const bounded = <T>(asked: Promise<T>): Promise<T | null> =>
      within(this.witnesses.timeoutMs + this.witnesses.health.timeoutMs + WAY_MS, signal, () => asked).catch(() => null);
    const [views, traffic, power] = await Promise.all([
      bounded(this.witnesses.fleet.healthSeen('active', this.witnesses.health)),
      bounded(this.traffic(machine, growth)),
      bounded(this.power(machine, signal)),
    ]);
    signal.throwIfAborted();
    if (views === null || views.length === 0) return null;
    return [ofProxies(views), traffic, power].filter((one) => one !== null);
  }

  private async traffic({ name }: MachineConfig, growth: TrafficGrowth): Promise<DownEvidence | null> {
    const { answered, timeouts, broken, busy } = growth.since(await this.witnesses.fleet.traffic(), name);
    const failed = timeouts + broken + busy;
    if (failed < LEAST_FAILURES || failed <= answered) return null;
    return { kind: 'traffic', text: `clients: ${failed} of ${failed + answered} requests got no answer` };
  }

  private async power({ name }: MachineConfig, signal: AbortSignal): Promise<DownEvidence | null> {
    const { power } = await this.witnesses.driver.status(name, { signal });
    return power === 'off' ? { kind: 'power', text: 'its hypervisor: it is off' } : null;
  }
}

function ofProxies(views: readonly { seen: string | null }[]): DownEvidence | null {
  const ill = views.filter(({ seen }) => seen !== null);
  const [first] = ill;
  // One proxy that gets through is enough to doubt the others.
  if (first === undefined || ill.length < views.length) return null;
  return { kind: 'proxies', text: `${views.length === 1 ? 'the proxy' : `all ${views.length} proxies`}: ${first.seen ?? ''}` };
}
