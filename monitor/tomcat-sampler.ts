// A Tomcat from inside, through its manager's JMX proxy: heap, threads, open files, time in collections, busy connectors and pools.

import { JmxProxy } from '../activities/sessions/jmx-proxy.js';
import type { Bean, ManagerAccess } from '../activities/sessions/jmx-proxy.js';
import { seriesOf } from '../aging/series.js';
import type { MachineConfig } from '../config/types.js';
import { collectionMs, heapReadings, numberIn, processReadings } from './jvm-beans.js';
import type { Reading, Sampler } from './sampler.js';

export interface TomcatSamplerOptions {
  manager: ManagerAccess;
  /** Whose sessions are counted. */
  contexts: readonly string[];
  /** Where threads count as exhausted. */
  threadLimit: number;
  /** How often the JVM is asked for a full collection, in milliseconds of `now`; null for never. */
  collectEveryMs: number | null;
  now: () => number;
}

export class TomcatSampler implements Sampler {
  readonly name = 'jmx';
  private readonly proxies = new Map<string, JmxProxy>();
  private collecting: { ms: number; atMs: number } | null = null;
  private askedAtMs = -Infinity;

  constructor(private readonly options: TomcatSamplerOptions) {}

  async sample(machine: MachineConfig, signal: AbortSignal): Promise<Reading[]> {
    const jmx = this.proxyOf(machine);
    await this.collect(jmx, signal);
    // One by one: a query of all that a JVM has would bring its system properties as well, which are nobody's business.
    const query = (pattern: string): Promise<Bean[]> => jmx.queryAll(pattern, signal);
    const [memory, spaces, threading, system, collectors, connectors, pools, managers] = await Promise.all([
      query('java.lang:type=Memory'),
      query('java.lang:type=MemoryPool,*'),
      query('java.lang:type=Threading'),
      query('java.lang:type=OperatingSystem'),
      query('java.lang:type=GarbageCollector,*'),
      query('Catalina:type=ThreadPool,*'),
      query('*:type=DataSource,*'),
      query('Catalina:type=Manager,*'),
    ]);
    return [
      ...heapReadings(memory[0], spaces),
      ...processReadings(threading[0], system[0], this.options.threadLimit),
      ...this.share(collectionMs(collectors)),
      ...connectors.flatMap((bean) => poolReading('threads', bean, 'currentThreadsBusy', 'maxThreads')),
      ...pools.flatMap((bean) => poolReading('connections', bean, 'numActive', 'maxTotal')),
      { series: seriesOf('sessions', 'sessions'), value: this.sessionsOf(managers) },
    ];
  }

  reset(): void {
    this.collecting = null;
  }

  async close(): Promise<void> {
    await Promise.all([...this.proxies.values()].map((proxy) => proxy.close()));
    this.proxies.clear();
  }

  private async collect(jmx: JmxProxy, signal: AbortSignal): Promise<void> {
    const { collectEveryMs, now } = this.options;
    if (collectEveryMs === null || now() - this.askedAtMs < collectEveryMs) return;
    this.askedAtMs = now();
    await jmx.invoke('java.lang:type=Memory', 'gc', [], signal);
  }

  private sessionsOf(managers: readonly Bean[]): number {
    const names = new Set(this.options.contexts.map((context) => (context === '' ? '/' : context)));
    const ours = managers.filter(({ name }) => names.has(/context=([^,]+)/.exec(name)?.[1] ?? ''));
    return ours.reduce((sum, bean) => sum + (numberIn(bean, 'activeSessions') ?? 0), 0);
  }

  /** Of the time since the sample before. */
  private share(ms: number | null): Reading[] {
    const { collecting } = this;
    const atMs = performance.now();
    this.collecting = ms === null ? null : { ms, atMs };
    if (ms === null || collecting === null || atMs <= collecting.atMs) return [];
    const value = Math.min(1, Math.max(0, (ms - collecting.ms) / (atMs - collecting.atMs)));
    return [{ series: seriesOf('gcShare', 'gcShare'), value }];
  }

  private proxyOf(machine: MachineConfig): JmxProxy {
    let proxy = this.proxies.get(machine.name);
    if (proxy === undefined) this.proxies.set(machine.name, (proxy = new JmxProxy(machine, this.options.manager)));
    return proxy;
  }
}

/** What a pool has given away, of as many as it has. */
function poolReading(kind: 'threads' | 'connections', bean: Bean, taken: string, most: string): Reading[] {
  const value = numberIn(bean, taken);
  const limit = numberIn(bean, most);
  const name = /name="?([^",]+)/.exec(bean.name)?.[1] ?? 'pool';
  return value === null ? [] : [{ series: seriesOf(`${kind}:${name}`, kind, limit === 0 ? null : limit), value }];
}
