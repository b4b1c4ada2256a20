// Watches the active machine of one pool: samples, judges, and tells the pool's supervisor. One monitor at a time does, of all workers'.

import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { HypervisorDriver } from '../activities/hypervisor/driver.js';
import { historyMs } from '../aging/history.js';
import type { Recorded } from '../aging/recording.js';
import { BOOT } from '../aging/recording.js';
import { WatchRestore } from '../aging/restore.js';
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
import type { SampleRow } from '../state/sample.js';
import { lastSampleMs, readSamples } from '../state/sample.js';
import { compareBoots } from './boot-sight.js';
import type { DownEvidences } from './down-evidence.js';
import { DownWatch } from './down-watch.js';
import type { Reports } from './reporter.js';
import { Reporter } from './reporter.js';
import { SampleLog } from './sample-log.js';
import type { Reading, Sampler } from './sampler.js';
import { DEAD_AFTER, runSampler } from './sampler-loop.js';
import type { ScaledClock } from './scaled-clock.js';

/** Who does not lead asks again after this. Chosen: samples come once a minute. */
const LEAD_AGAIN_MS = 5000;

/** What is read and taken up at a time: some ten thousand rows. */
const SLICE_MS = 12 * 3_600_000;
/** Of the monitor's clock. Chosen: the customary cooldown of a policy. */
const REMIND_MS = 3_600_000;

/** While it stays so the supervisor is told again: it may have been paused, or the standby ill. Chosen. */
const TELL_DOWN_EVERY_MS = 30_000;

export interface PoolMonitorOptions {
  pool: PoolConfig;
  database: Database;
  driver: HypervisorDriver;
  samplers: readonly Sampler[];
  evidences: DownEvidences;
  clock: ScaledClock;
  leadership: Leadership;
  /** Whether the run that has the pool goes on. */
  isRunOpen: (run: string) => Promise<boolean>;
  reports: Reports;
  /** One line for whoever reads the worker's output. */
  log: (message: string) => void;
}

export class PoolMonitor {
  private watch: AgingWatch;
  private readonly samples: SampleLog;
  private boot: BootRow | null = null;
  private isSteady = false;
  private hasBeenUp = false;
  private hypervisorFailures = 0;
  private readonly downWatch: DownWatch;
  private toldAgingAtMs = -Infinity;
  private toldDown: { machine: string; at: number } | null = null;
  private readonly reporter: Reporter;
  private looking: Promise<void> | null = null;

  constructor(private readonly options: PoolMonitorOptions) {
    const { pool, database, reports, log } = options;
    this.reporter = new Reporter(pool.name, reports, log);
    this.watch = new AgingWatch(pool.monitor.detection);
    this.downWatch = new DownWatch(pool.monitor.down.looks);
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
    await Promise.all(samplers.map(async (sampler) => sampler.close?.()));
  }

  /** Samples are kept for as long as detection looks back. */
  private get keptMs(): number {
    return historyMs(this.options.pool.monitor.detection);
  }

  private async lead(signal: AbortSignal): Promise<void> {
    const { pool, samplers, clock } = this.options;
    const { intervalMs, timeoutMs, detection, down } = pool.monitor;
    // Of another term: looks are not in a row with those of before.
    this.downWatch.reset();
    this.options.evidences.reset();
    await this.restore(signal);
    await this.lookAtPool(false, signal);
    const term = new AbortController();
    const ends = AbortSignal.any([signal, term.signal]);
    const every = async (ms: number, work: () => Promise<void>): Promise<never> => {
      for (;;) {
        await sleep(ms, undefined, { signal: ends });
        await work();
      }
    };
    const machine = (): MachineConfig | null =>
      (this.isSteady ? pool.machines.find(({ name }) => name === this.boot?.machine) : undefined) ?? null;
    const loops = [
      ...samplers.map((sampler) =>
        runSampler(
          sampler,
          {
            ...{ intervalMs, timeoutMs, machine },
            take: (measured, readings) => this.take(measured, readings),
            tell: (reason) => this.reporter.sampler(sampler.name, reason),
          },
          ends,
        ),
      ),
      every(intervalMs, () => this.tick(ends)),
      every(down.intervalMs, () => this.lookWhetherDown(machine, ends)),
      every(clock.real(detection.judgeEveryMs), () => this.judge()),
    ];
    try {
      await Promise.race(loops);
    } finally {
      term.abort();
      await Promise.allSettled(loops);
    }
  }

  /** Goes on from what was seen before, by whichever worker. In slices: on the same thread steps of a restart send their heartbeats. */
  private async restore(signal: AbortSignal): Promise<void> {
    const { pool, database, clock, samplers } = this.options;
    this.boot = await readBoot(database, pool.name);
    this.hasBeenUp ||= this.boot !== null && this.boot.incarnation !== null;
    clock.notBefore((await lastSampleMs(database, pool.name)) ?? 0);
    const nowMs = clock.now();
    const sinceMs = nowMs - this.keptMs;
    const restore = new WatchRestore(nowMs, pool.monitor.detection);
    const inSlices = async (steps: Generator<void>): Promise<void> => {
      while (steps.next().done !== true) await setImmediate(undefined, { signal });
    };
    // The last boot counts even when it was before all of them.
    if (this.boot !== null && this.boot.bootedAtMs < sinceMs)
      await inSlices(restore.take([{ atMs: this.boot.bootedAtMs, value: 1, series: null }]));
    let latest: SampleRow[] = [];
    for (let atMs = sinceMs; atMs <= nowMs; atMs += SLICE_MS) {
      const rows = await readSamples(database, pool.name, atMs, atMs + SLICE_MS);
      await inSlices(restore.take(rows.flatMap(recordedOf)));
      if (rows.length > 0) latest = rows;
    }
    await inSlices(restore.finish());
    this.watch = restore.watch;
    const { machine, bootedAtMs } = this.boot ?? { machine: null, bootedAtMs: Infinity };
    const ofThisBoot = latest.filter((row) => row.machine === machine && row.atMs >= bootedAtMs);
    for (const sampler of samplers) sampler.resume?.(new Map(ofThisBoot.map(({ series, value }) => [series, value])));
  }

  private async tick(signal: AbortSignal): Promise<void> {
    const { leadership, clock } = this.options;
    if (!(await leadership.leads())) throw new Error('Another worker monitors it by now.');
    await this.lookAtPool(true, signal);
    await this.samples.write(clock.now());
    await this.reporter.tell();
  }

  /**
   * Which machine is active, and whether a restart is under way: what is seen in the middle of one is the restart. `isThorough`: also whether
   * the machine has booted.
   */
  private async lookAtPool(isThorough: boolean, signal: AbortSignal): Promise<void> {
    // Two looks at once would see one boot twice.
    this.looking ??= this.lookOnce(isThorough, signal).finally(() => (this.looking = null));
    await this.looking;
  }

  private async lookOnce(isThorough: boolean, signal: AbortSignal): Promise<void> {
    const { pool, database } = this.options;
    const { active, phase, run } = await readPool(database, pool.name);
    // A run that was ended without giving the pool back restarts nothing any more.
    this.isSteady = phase === 'steady' && (run === null || !(await this.options.isRunOpen(run)));
    if (this.isSteady && (active !== this.boot?.machine || isThorough)) await this.lookAtMachine(active, signal);
  }

  /** Whether it is another machine than before, or has booted. */
  private async lookAtMachine(active: string, signal: AbortSignal): Promise<void> {
    const { pool, database, clock, samplers } = this.options;
    const incarnation = await this.incarnationOf(active, signal);
    this.hasBeenUp ||= incarnation !== null;
    const known = this.boot?.machine === active ? this.boot : null;
    const sight = known === null ? 'another' : compareBoots(known.incarnation, incarnation);
    if (sight === 'same') return;
    if (known !== null && sight === 'told') {
      this.boot = { ...known, incarnation };
    } else {
      const bootedAtMs = Math.floor(clock.now());
      for (const sampler of samplers) sampler.reset?.();
      this.boot = { machine: active, incarnation, bootedAtMs };
      this.watch.boot(bootedAtMs);
      this.samples.add({ machine: active, series: BOOT, atMs: bootedAtMs, value: 1, limit: null });
    }
    await recordBoot(database, pool.name, this.boot);
  }

  /** Null where its hypervisor does not tell. */
  private async incarnationOf(machine: string, signal: AbortSignal): Promise<string | null> {
    const { pool, driver } = this.options;
    try {
      const status = await within(pool.monitor.timeoutMs, signal, (limited) => driver.status(machine, { signal: limited }));
      if (this.hypervisorFailures >= DEAD_AFTER) this.reporter.sampler('hypervisor', null);
      this.hypervisorFailures = 0;
      return status.incarnation;
    } catch (error) {
      signal.throwIfAborted();
      if (++this.hypervisorFailures === DEAD_AFTER) this.reporter.sampler('hypervisor', describeError(error));
      return null;
    }
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

  private async lookWhetherDown(watched: () => MachineConfig | null, signal: AbortSignal): Promise<void> {
    const { evidences } = this.options;
    await this.lookAtPool(false, signal);
    const machine = watched();
    // Where nobody has seen any machine running none has died: they are still to be booted.
    if (machine === null || !this.hasBeenUp) return this.downWatch.reset();
    const evidence = this.downWatch.look(await evidences.look(machine, signal));
    if (evidence === null) return this.downWatch.isWell ? this.reporter.well() : undefined;
    const { name } = machine;
    if (this.toldDown?.machine === name && performance.now() - this.toldDown.at < TELL_DOWN_EVERY_MS) return;
    this.toldDown = { machine: name, at: performance.now() };
    this.reporter.down(name, evidence);
    await this.reporter.tell();
  }

  private async judge(): Promise<void> {
    const { pool, database, clock } = this.options;
    if (!this.isSteady) return;
    const verdict = this.watch.judge(clock.now());
    // While it goes on it is told again: the supervisor may have been paused, or the restart that it began have failed.
    if (verdict.aging && (verdict.raised || verdict.atMs - this.toldAgingAtMs >= REMIND_MS)) {
      this.toldAgingAtMs = verdict.atMs;
      this.reporter.aging(verdict.explanation);
    }
    const recorded: RecordedVerdict = { ...verdict, deadSamplers: this.reporter.deadSamplers };
    await recordVerdict(database, pool.name, recorded);
    await this.reporter.tell();
  }
}

function recordedOf({ series, atMs, value, limit }: SampleRow): Recorded[] {
  const kind = kindOf(series);
  if (series === BOOT) return [{ atMs, value, series: null }];
  return kind === null ? [] : [{ atMs, value, series: seriesOf(series, kind, limit) }];
}

/** The last word of detection as it stands in the database. */
export interface RecordedVerdict extends Verdict {
  deadSamplers: { sampler: string; reason: string }[];
}
