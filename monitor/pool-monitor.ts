// Watches the active machine of one pool: samples, judges, and tells the pool's supervisor. One monitor at a time does, of all workers'.

import { setTimeout as sleep } from 'node:timers/promises';
import type { HypervisorDriver } from '../activities/hypervisor/driver.js';
import { BOOT } from '../aging/recording.js';
import type { Verdict } from '../aging/verdict.js';
import { AgingWatch } from '../aging/watch.js';
import { describeError } from '../config/operator-error.js';
import type { MachineConfig, PoolConfig } from '../config/types.js';
import type { Database } from '../state/database.js';
import type { Leadership } from '../state/leadership.js';
import type { BootRow } from '../state/monitoring.js';
import { readMonitor, recordMonitor, THIS_WORKER } from '../state/monitor-state.js';
import { readBoot, recordVerdict } from '../state/monitoring.js';
import { forgetFutureSamples, lastSampleMs } from '../state/sample.js';
import { ActiveMachine } from './active-machine.js';
import type { DownEvidences } from './down-evidence.js';
import { ASIDE_EVERY } from './down-evidence.js';
import { DownLookout } from './down-lookout.js';
import { rememberedWatch } from './remembered-watch.js';
import type { MonitorLog, Reports } from './reporter.js';
import { Reporter } from './reporter.js';
import { SampleLog } from './sample-log.js';
import type { Outcome, Reading, Sampler } from './sampler.js';
import { runSampler } from './sampler-loop.js';
import { SamplerStates } from './sampler-states.js';
import type { ScaledClock } from './scaled-clock.js';
import { StandbyLookout } from './standby-lookout.js';

/** Who does not lead asks again after this. Chosen: samples come once a minute. */
const LEAD_AGAIN_MS = 5000;
/** Of the monitor's clock. Chosen: the customary cooldown of a policy. */
const REMIND_MS = 3_600_000;
/** Asks which boot of the machine runs. */
const HYPERVISOR = 'hypervisor';
/** Clocks of two hosts differ by less. Chosen. */
const MOST_AHEAD_MS = 5 * 60_000;

export interface PoolMonitorOptions {
  pool: PoolConfig;
  database: Database;
  driver: Pick<HypervisorDriver, 'status' | 'verify'>;
  samplers: readonly Sampler[];
  evidences: Pick<DownEvidences, 'look' | 'reset'>;
  clock: ScaledClock;
  leadership: Pick<Leadership, 'leads' | 'resign'>;
  /** Whether the run that has the pool goes on. */
  isRunOpen: (run: string) => Promise<boolean>;
  reports: Reports;
  log: MonitorLog;
}

export class PoolMonitor {
  private watch: AgingWatch;
  private readonly samples: SampleLog;
  private readonly reporter: Reporter;
  private readonly samplerStates: SamplerStates;
  private readonly active: ActiveMachine;
  private readonly downLookout: DownLookout;
  private readonly standbyLookout: StandbyLookout;
  private toldAgingAtMs = -Infinity;
  private hasLed = false;
  private isSwapped = false;

  constructor(private readonly options: PoolMonitorOptions) {
    const { pool, database, driver, isRunOpen, evidences, clock, reports, log } = options;
    const { detection, down } = pool.monitor;
    this.watch = new AgingWatch(detection);
    // Samples are kept for as long as detection looks back.
    this.samples = new SampleLog(database, pool.name, detection);
    this.reporter = new Reporter(pool.name, reports, log, () => this.record());
    this.samplerStates = new SamplerStates(options.samplers);
    this.downLookout = new DownLookout(down.looks, evidences, this.reporter);
    this.standbyLookout = new StandbyLookout(pool, driver, this.reporter);
    this.active = new ActiveMachine({
      ...{ pool, database, driver, isRunOpen, now: () => clock.now() },
      booted: (boot, before) => this.hasBooted(boot, before),
      tell: (reason) => this.reporter.sampler(HYPERVISOR, reason),
    });
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

  private async lead(signal: AbortSignal): Promise<void> {
    const { pool, samplers, clock, driver } = this.options;
    const { intervalMs, timeoutMs, detection, down } = pool.monitor;
    // Of another term: looks are not in a row with those of before.
    this.downLookout.reset();
    this.standbyLookout.reset();
    const goesOn = await this.beginTerm();
    await this.restore(goesOn, signal);
    await this.active.look(false, signal);
    const term = new AbortController();
    const ends = AbortSignal.any([signal, term.signal]);
    const every = async (ms: number, work: () => Promise<void>): Promise<never> => {
      for (;;) {
        await sleep(ms, undefined, { signal: ends });
        await work();
      }
    };
    const loops = [
      ...samplers.map((sampler) =>
        runSampler(
          sampler,
          {
            ...{ intervalMs, timeoutMs, driver, machine: () => this.active.watched },
            take: (measured, readings) => this.take(measured, readings),
            seen: (outcome) => this.sampled(sampler, outcome),
            tell: (reason) => this.reporter.sampler(sampler.name, reason),
          },
          ends,
        ),
      ),
      every(intervalMs, () => this.tick(ends)),
      every(down.intervalMs, () => this.lookWhetherDown(ends)),
      every(down.intervalMs * ASIDE_EVERY, () => this.lookAtStandby(ends)),
      every(clock.real(detection.judgeEveryMs), () => this.judge()),
    ];
    try {
      await Promise.race(loops);
    } finally {
      term.abort();
      await Promise.allSettled(loops);
    }
  }

  /**
   * There before anything is measured: that somebody watches, what another has seen last, and what this one could not write down. Resolves
   * with whether nobody else has led since this one did.
   */
  private async beginTerm(): Promise<boolean> {
    const { pool, database, samplers } = this.options;
    const before = await readMonitor(database, pool.name);
    this.samplerStates.resume(before?.samplers ?? []);
    // Where nobody else has led since, this worker's memory is newer than what it has written down.
    const goesOn = this.hasLed && before?.worker === THIS_WORKER;
    if (!goesOn) {
      this.reporter.resume(before ?? { anomalies: [] }, [...samplers.map(({ name }) => name), HYPERVISOR]);
      this.samples.forgetCounters();
    }
    this.reporter.tellAgain();
    // A term that breaks before it has read what another has seen, has not gone on from it.
    this.hasLed = goesOn;
    await this.record({ isBeginning: true });
    await this.samples.flush();
    return goesOn;
  }

  private async record(options: { isBeginning?: boolean } = {}): Promise<void> {
    const { pool, database } = this.options;
    const { anomalies, untoldAnomalies: untold } = this.reporter;
    const state = { samplers: this.samplerStates.all, anomalies, untold };
    await recordMonitor(database, pool.name, state, options);
  }

  /** Goes on from what was seen before, by whichever worker. */
  private async restore(goesOn: boolean, signal: AbortSignal): Promise<void> {
    const { pool, database, clock, samplers } = this.options;
    const last = await readBoot(database, pool.name);
    const isScaled = pool.monitor.timeScale > 1;
    if (!isScaled) await this.dropFuture();
    clock.notBefore((await lastSampleMs(database, pool.name)) ?? 0);
    // A boot of the future would keep the machine in its warm-up for days: it counts as one that nobody has seen.
    const boot = isScaled || (last?.bootedAtMs ?? 0) <= clock.now() + MOST_AHEAD_MS ? last : null;
    this.active.resume(boot);
    const { watch, latest } = await rememberedWatch(pool, database, boot, clock.now(), signal);
    this.watch = watch;
    // Where nobody else has led they know more than is written down: what came between two terms as well.
    if (!goesOn) for (const sampler of samplers) sampler.resume?.(latest);
    this.hasLed = true;
  }

  /** What a faster clock has recorded for times that are still to come: real samples would mix with it then. */
  private async dropFuture(): Promise<void> {
    const { pool, database, clock, log } = this.options;
    const dropped = await forgetFutureSamples(database, pool.name, clock.now() + MOST_AHEAD_MS);
    if (dropped === 0) return;
    const samples = dropped === 1 ? '1 sample' : `${dropped} samples`;
    log(`${samples} of pool ${pool.name} had times that are still to come, as monitor.timeScale makes them: deleted`);
  }

  private hasBooted({ machine, bootedAtMs }: BootRow, before: BootRow | null): void {
    if (before !== null && before.machine !== machine) {
      this.isSwapped = true;
      this.reporter.swapped();
    }
    for (const sampler of this.options.samplers) sampler.reset?.();
    this.watch.boot(bootedAtMs);
    this.samples.add({ machine, series: BOOT, atMs: bootedAtMs, value: 1, limit: null });
  }

  private async tick(signal: AbortSignal): Promise<void> {
    const { leadership, clock } = this.options;
    if (!(await leadership.leads())) throw new Error('Another worker monitors it by now.');
    await this.active.look(true, signal);
    // Before it is written down what the supervisor has heard of.
    await this.reporter.tell();
    await this.record();
    await this.samples.write(clock.now());
  }

  private sampled({ name }: Sampler, outcome: Outcome): void {
    this.samplerStates.seen(name, outcome);
    // Also what another worker has told of it is over.
    if (outcome === 'sample' || outcome === 'nothing') this.reporter.sampler(name, null);
  }

  private take({ name }: MachineConfig, readings: readonly Reading[]): void {
    // A restart has begun while it was measured, or is over already.
    if (name !== this.active.watched?.name) return;
    const atMs = Math.floor(this.options.clock.now());
    for (const { series, value } of readings) {
      if (!Number.isFinite(value)) continue;
      this.watch.observe(series, { atMs, value });
      this.samples.add({ machine: name, series: series.name, atMs, value, limit: series.limit });
    }
  }

  private async lookWhetherDown(signal: AbortSignal): Promise<void> {
    await this.active.look(false, signal);
    if (this.isSwapped) {
      this.isSwapped = false;
      await this.reporter.tell();
    }
    // Where nobody has seen any machine running none has died: they are still to be booted.
    await this.downLookout.look(this.active.hasBeenUp ? this.active.watched : null, signal);
  }

  /** As for the active machine: none has died where nobody has seen any running. */
  private async lookAtStandby(signal: AbortSignal): Promise<void> {
    await this.standbyLookout.look(this.active.hasBeenUp ? this.active.standby : null, signal);
  }

  private async judge(): Promise<void> {
    const { pool, database, clock } = this.options;
    if (this.active.watched === null) return;
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

/** The last word of detection as it stands in the database. */
export interface RecordedVerdict extends Verdict {
  deadSamplers: { sampler: string; reason: string }[];
}
