// What the supervisor of a pool is told by its monitor: in order, and kept while it is out of reach.

import { describeError, namingPool } from '../config/operator-error.js';
import type { MonitorState } from '../state/monitor-state.js';

/** What the supervisor of the pool is told. */
export interface Reports {
  aging(evidence: string): Promise<void>;
  down(machine: string, evidence: string): Promise<void>;
  /** Another machine is active: a restart or a fail-over has been, whoever began it. */
  swapped(): Promise<void>;
  /** Something is wrong that speaks for no restart; with null, what it is about is over. */
  anomaly(about: string, evidence: string | null): Promise<void>;
}

/** Writes one line for whoever reads the worker's output: a warning, unless it is good news. */
export type MonitorLog = (message: string, level?: 'info' | 'warn') => void;

const SAMPLER = 'sampler ';
const AGING = 'aging';
const DOWN = 'down';
const SWAPPED = 'swapped';
/** What is untold and no anomaly. */
const OTHERS: ReadonlySet<string> = new Set([AGING, DOWN, SWAPPED]);
/** What is open is not told again within this: evidence may come and go at every look, and a term of the monitor may break again and again. Chosen. */
const TELL_AGAIN_MS = 60_000;
/** What stays open is told again: the supervisor may have begun anew. Chosen: as often as that a machine ages. */
const REMIND_MS = 3_600_000;

export class Reporter {
  /** By what it is about, so that a long outage of Temporal leaves one of each, the latest. */
  private readonly untold = new Map<string, () => Promise<void>>();
  private telling: Promise<void> | null = null;
  /** By what they are about. */
  private readonly open = new Map<string, MonitorState['anomalies'][number]>();
  /** What of them the supervisor has heard last, by what they are about; `atMs` is by performance.now. */
  private readonly heard = new Map<string, { evidence: string; atMs: number }>();

  constructor(
    private readonly pool: string,
    private readonly reports: Reports,
    private readonly log: MonitorLog,
    /** Writes down what is open and untold, before it is told: whoever goes on must know of what to tell that it is over. */
    private readonly keep: () => Promise<void>,
  ) {}

  aging(evidence: string): void {
    this.log(`The active machine of pool ${this.pool} is called aging, and its supervisor told: ${evidence}`);
    this.untold.set(AGING, () => this.reports.aging(evidence));
  }

  down(machine: string, evidence: string): void {
    this.log(`Machine ${machine} of pool ${this.pool} is down: ${evidence}`);
    this.untold.set(DOWN, () => this.reports.down(machine, `${machine}: ${evidence}`));
  }

  swapped(): void {
    this.untold.set(SWAPPED, () => this.reports.swapped());
  }

  /** What could not be told yet of a machine that is down is not true any more. */
  well(): void {
    this.untold.delete(DOWN);
  }

  /** A sampler counts as dead, for the reason told; with null it works again. */
  sampler(name: string, reason: string | null): void {
    this.anomaly(`${SAMPLER}${name}`, reason === null ? null : `${SAMPLER}${name} fails: ${namingPool(reason, this.pool)}`);
  }

  /** Something is wrong; with null it is over. Whether that is to be told: said again it is none, but with evidence of another kind. */
  anomaly(about: string, evidence: string | null): boolean {
    const before = this.open.get(about);
    if (evidence === null) {
      if (!this.open.delete(about)) return false;
      this.log(`Pool ${this.pool}: what was wrong is over: ${about}`, 'info');
    } else {
      this.open.set(about, { about, evidence, sinceMs: before?.sinceMs ?? Date.now() });
      const news = before === undefined ? 'new' : this.newsOf(about, evidence);
      if (news === null) return false;
      if (news !== 'reminder') this.log(`Pool ${this.pool}: ${evidence}`);
    }
    this.toTell(about);
    return true;
  }

  /** Of what is open already; null of what the supervisor has heard, or hears as soon as it can be told. */
  private newsOf(about: string, evidence: string): 'another' | 'reminder' | null {
    const heard = this.heard.get(about);
    if (heard === undefined || this.untold.has(about)) return null;
    const sinceMs = performance.now() - heard.atMs;
    if (sinceMs >= TELL_AGAIN_MS && inKind(heard.evidence) !== inKind(evidence)) return 'another';
    return sinceMs >= REMIND_MS ? 'reminder' : null;
  }

  /** What is seen of it when it is told: what came before that is not true any more. */
  private toTell(about: string): void {
    this.untold.set(about, async () => {
      const evidence = this.open.get(about)?.evidence ?? null;
      await this.reports.anomaly(about, evidence);
      if (evidence === null) this.heard.delete(about);
      else this.heard.set(about, { evidence, atMs: performance.now() });
    });
  }

  /** All that is open, as a term of the monitor begins: the supervisor may have begun anew, and know nothing of it. */
  tellAgain(): void {
    for (const about of this.open.keys()) {
      const heard = this.heard.get(about);
      if (heard === undefined || performance.now() - heard.atMs >= TELL_AGAIN_MS) this.toTell(about);
    }
  }

  /**
   * Goes on from what another worker has seen, and tells what that could not tell any more: that it is open, or over. What was open here
   * before is its to know by now. What is about a sampler that is none any more is over.
   */
  resume({ anomalies, untold = [] }: Pick<MonitorState, 'anomalies' | 'untold'>, samplers: readonly string[]): void {
    this.open.clear();
    this.untold.clear();
    this.heard.clear();
    for (const one of anomalies) this.open.set(one.about, one);
    for (const about of untold) this.toTell(about);
    for (const about of this.open.keys())
      if (about.startsWith(SAMPLER) && !samplers.includes(about.slice(SAMPLER.length))) this.anomaly(about, null);
  }

  get anomalies(): MonitorState['anomalies'] {
    return [...this.open.values()];
  }

  /** What of them, or of their end, the supervisor has not heard of yet. */
  get untoldAnomalies(): string[] {
    return [...this.untold.keys()].filter((about) => !OTHERS.has(about));
  }

  get deadSamplers(): { sampler: string; reason: string }[] {
    return this.anomalies.flatMap(({ about, evidence }) =>
      about.startsWith(SAMPLER)
        ? [{ sampler: about.slice(SAMPLER.length), reason: evidence.slice(about.length + ' fails: '.length) }]
        : [],
    );
  }

  /** Tells what there is to tell; what cannot be told now is told when this is called again. Never rejects. */
  async tell(): Promise<void> {
    this.telling ??= this.tellAll().finally(() => (this.telling = null));
    await this.telling;
  }

  private async tellAll(): Promise<void> {
    try {
      if (this.untoldAnomalies.length > 0) await this.keep();
    } catch (error) {
      return this.log(`What the supervisor of pool ${this.pool} is to be told cannot be written down: ${describeError(error)}`);
    }
    for (const [about, report] of this.untold) {
      try {
        await report();
      } catch (error) {
        this.log(`The supervisor of pool ${this.pool} cannot be told: ${describeError(error)}`);
        return;
      }
      // Something newer may have come meanwhile.
      if (this.untold.get(about) === report) this.untold.delete(about);
    }
  }
}

/** Without its figures and times, which change while nothing else does. Digits in a name stay. */
function inKind(evidence: string): string {
  return evidence.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z|(?<![\w-])\d+(\.\d+)?(?![\w-])/g, '#');
}
