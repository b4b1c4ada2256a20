// Watches the active machine of one pool: samples, judges, and tells the pool's supervisor. One monitor at a time does, of all workers'.

import { setTimeout as sleep } from 'node:timers/promises';
import type { HypervisorDriver } from '../activities/hypervisor/driver.js';
import { kindOf, seriesOf } from '../aging/series.js';
import type { Verdict } from '../aging/verdict.js';
import { AgingWatch } from '../aging/watch.js';
import { describeError } from '../config/operator-error.js';
import { within } from '../config/within.js';
import type { MachineConfig, PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import type { Leadership } from '../state/leadership.js';
import type { BootRow } from '../state/monitoring.js';
import { readBoot, recordBoot, recordVerdict } from '../state/monitoring.js';
import { readPool } from '../state/pool.js';
import { readSamples } from '../state/sample.js';
import { SampleLog } from './sample-log.js';
import type { Reading, Sampler } from './sampler.js';
import { runSampler } from './sampler-loop.js';
import type { ScaledClock } from './scaled-clock.js';

/** How the rows tell of a boot, as recordings for `vm-rejuv replay-samples` do. */
export const BOOT_SERIES = 'boot';

/** Who does not lead asks again after this. Chosen: samples come once a minute. */
const LEAD_AGAIN_MS = 5000;

/** What the supervisor of the pool is told. */
export interface Reports {
  aging(evidence: string): Promise<void>;
  /** Something is wrong that speaks for no restart. */
  anomaly(evidence: string): Promise<void>;
}

export interface PoolMonitorOptions {
  pool: PoolConfig;
  database: Database;
  driver: HypervisorDriver;
  samplers: readonly Sampler[];
  clock: ScaledClock;
  leadership: Leadership;
  reports: Reports;
  /** One line for whoever reads the worker's output. */
  log: (message: string) => void;
}

export class PoolMonitor {
  private watch: AgingWatch;
  private readonly samples: SampleLog;
  private boot: BootRow | null = null;
  private isSteady = false;
  /** Samplers that count as dead, with what they say. */
  private readonly dead = new Map<string, string>();
  /** What the supervisor has not been told yet: it may be out of reach. */
  private untold: (() => Promise<void>)[] = [];

  constructor(private readonly options: PoolMonitorOptions) {
    const { pool, database } = options;
    this.watch = new AgingWatch(pool.monitor.detection);
    this.samples = new SampleLog(database, pool.name, this.keptMs);
  }

  /** Watches until `signal` aborts. Rejects never: what goes wrong is logged, and begun anew. */
  async run(signal: AbortSignal): Promise<void> {
    const { leadership, samplers } = this.options;
    while (!signal.aborted) {
      try {
        if (await leadership.leads()) await this.lead(signal);
        else await sleep(LEAD_AGAIN_MS, undefined, { signal });
      } catch (error) {
        if (signal.aborted) break;
        this.options.log(`Monitoring of pool ${this.options.pool.name} begins anew: ${describeError(error)}`);
        await sleep(LEAD_AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    await leadership.resign();
    await Promise.all(samplers.map((sampler) => sampler.close()));
  }

  /** Samples are kept for as long as detection looks back. */
  private get keptMs(): number {
    const { trend, baseline } = this.options.pool.monitor.detection;
    return Math.max(trend.longestMs, baseline.longestMs);
  }

  private async lead(signal: AbortSignal): Promise<void> {
    const { pool, samplers, clock } = this.options;
    const { intervalMs, timeoutMs, detection } = pool.monitor;
    await this.restore();
    await this.lookAtMachine(signal);
    const term = new AbortController();
    const ends = AbortSignal.any([signal, term.signal]);
    const every = async (ms: number, work: () => Promise<void>): Promise<never> => {
      for (;;) {
        await sleep(ms, undefined, { signal: ends });
        await work();
      }
    };
    const watched = (): MachineConfig | null => pool.machines.find(({ name }) => name === this.boot?.machine) ?? null;
    const machine = (): MachineConfig | null => (this.isSteady ? watched() : null);
    const loops = [
      ...samplers.map((sampler) =>
        runSampler(
          sampler,
          {
            ...{ intervalMs, timeoutMs, machine },
            take: (measured, readings) => this.take(measured, readings),
            tell: (reason) => this.tellOfSampler(sampler.name, reason),
          },
          ends,
        ),
      ),
      every(intervalMs, () => this.tick(ends)),
      every(clock.real(detection.judgeEveryMs), () => this.judge()),
    ];
    try {
      await Promise.race(loops);
    } finally {
      term.abort();
      await Promise.allSettled(loops);
    }
  }

  /** Goes on from what was seen before, by whichever worker. */
  private async restore(): Promise<void> {
    const { pool, database, clock } = this.options;
    this.watch = new AgingWatch(pool.monitor.detection);
    this.boot = await readBoot(database, pool.name);
    const rows = await readSamples(database, pool.name, clock.now() - this.keptMs);
    for (const { series, atMs, value, limit } of rows) {
      const kind = kindOf(series);
      if (series === BOOT_SERIES) this.watch.boot(atMs);
      else if (kind !== null) this.watch.observe(seriesOf(series, kind, limit), { atMs, value });
    }
    clock.notBefore(rows.at(-1)?.atMs ?? 0);
  }

  private async tick(signal: AbortSignal): Promise<void> {
    const { leadership, clock } = this.options;
    if (!(await leadership.leads())) throw new Error('Another worker monitors it by now.');
    await this.lookAtMachine(signal);
    await this.samples.write(clock.now());
    await this.report();
  }

  /** Which machine is active, and whether it is another one, or has booted. */
  private async lookAtMachine(signal: AbortSignal): Promise<void> {
    const { pool, database, driver, clock, samplers } = this.options;
    const { active, phase } = await readPool(database, pool.name);
    // What is seen in the middle of a restart is the restart.
    this.isSteady = phase === 'steady';
    if (!this.isSteady) return;
    const status = await within(pool.monitor.timeoutMs, signal, (limited) => driver.status(active, { signal: limited })).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        this.tellOfSampler('hypervisor', describeError(error));
        return null;
      },
    );
    if (status !== null) this.tellOfSampler('hypervisor', null);
    const incarnation = status?.incarnation ?? null;
    const known = this.boot?.machine === active ? this.boot : null;
    if (known !== null && (incarnation === null || incarnation === known.incarnation)) return;
    if (known?.incarnation === null) {
      // It could not be told before which boot this is.
      this.boot = { ...known, incarnation };
    } else {
      const bootedAtMs = Math.floor(clock.now());
      for (const sampler of samplers) sampler.reset();
      this.boot = { machine: active, incarnation, bootedAtMs };
      this.watch.boot(bootedAtMs);
      this.samples.add({ machine: active, series: BOOT_SERIES, atMs: bootedAtMs, value: 1, limit: null });
    }
    await recordBoot(database, pool.name, this.boot);
  }

  private take({ name }: MachineConfig, readings: readonly Reading[]): void {
    // A restart has begun while it was measured, or is over already.
    if (!this.isSteady || name !== this.boot?.machine) return;
    const atMs = Math.floor(this.options.clock.now());
    for (const { series, value } of readings) {
      if (!Number.isFinite(value)) continue;
      this.watch.observe(series, { atMs, value });
      this.samples.add({ machine: name, series: series.name, atMs, value, limit: series.limit });
    }
  }

  private async judge(): Promise<void> {
    const { pool, database, clock, reports } = this.options;
    if (!this.isSteady) return;
    const verdict = this.watch.judge(clock.now());
    if (verdict.raised) this.untold.push(() => reports.aging(verdict.explanation));
    await recordVerdict(database, pool.name, this.withSamplers(verdict));
    await this.report();
  }

  private withSamplers(verdict: Verdict): RecordedVerdict {
    const dead = [...this.dead].map(([sampler, reason]) => ({ sampler, reason }));
    return { ...verdict, deadSamplers: dead };
  }

  private tellOfSampler(name: string, reason: string | null): void {
    const { pool, log, reports } = this.options;
    if (reason === null) {
      if (this.dead.delete(name)) log(`Sampler ${name} of pool ${pool.name} works again`);
      return;
    }
    const isNews = !this.dead.has(name);
    this.dead.set(name, reason);
    if (!isNews) return;
    log(`Sampler ${name} of pool ${pool.name} fails: ${reason}`);
    this.untold.push(() => reports.anomaly(`sampler ${name} fails: ${reason}`));
  }

  /** In order; what cannot be told now is told at the next occasion. */
  private async report(): Promise<void> {
    while (this.untold[0] !== undefined) {
      try {
        await this.untold[0]();
      } catch (error) {
        this.options.log(`The supervisor of pool ${this.options.pool.name} cannot be told: ${describeError(error)}`);
        return;
      }
      this.untold.shift();
    }
  }
}

/** The last word of detection as it stands in the database. */
export interface RecordedVerdict extends Verdict {
  deadSamplers: { sampler: string; reason: string }[];
}
