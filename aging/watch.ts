// Watches one machine: takes samples in order of time, and says whether it ages. No clock and no I/O: the same samples give the same verdicts.

import { BUCKET_MS } from './buckets.js';
import { findings } from './findings.js';
import { deadSamplerFindings } from './findings/dead-sampler.js';
import { trendSince } from './findings/exhaustion.js';
import { historyMs } from './history.js';
import { LoadHistory } from './load-history.js';
import type { AgingPolicy } from './policy.js';
import { DEFAULT_POLICY } from './policy.js';
import type { Sample, Series } from './series.js';
import { KINDS, seriesOf } from './series.js';
import type { Trend } from './trend.js';
import type { Evidence, Verdict } from './verdict.js';
import { inTime } from './verdict.js';
import { WatchedSeries } from './watched-series.js';

export class AgingWatch {
  private readonly series = new Map<string, WatchedSeries>();
  private readonly load: LoadHistory;
  private readonly rate: WatchedSeries;
  private bootedAtMs: number | null = null;
  private firstMs: number | null = null;
  /** How many judgements in a row have found the same, by detector and series. */
  private streaks = new Map<string, number>();
  private aging = false;
  private quietFor = 0;
  private raisedAtMs = -Infinity;

  constructor(private readonly policy: AgingPolicy = DEFAULT_POLICY) {
    this.load = new LoadHistory(Math.max(policy.trend.longestMs, policy.baseline.longestMs));
    this.rate = new WatchedSeries(seriesOf('rate', 'requests'), policy);
  }

  /** Takes a sample; of a series seen before, its limit may change. Throws nothing: what is no number is no sample. */
  observe(series: Series, sample: Sample): void {
    if (!Number.isFinite(sample.value)) return;
    this.firstMs ??= sample.atMs;
    let watched = this.series.get(series.name);
    if (watched === undefined) this.series.set(series.name, (watched = new WatchedSeries(series, this.policy)));
    watched.series = series;
    if (KINDS[series.kind].role === 'work') {
      const before = this.load.served;
      const added = this.load.add(sample);
      // Nobody has told of this boot.
      if (added === 'fallen' && before !== null) this.boot(sample.atMs);
      else if (added !== null && added !== 'fallen') {
        const { rate, forMs } = added;
        this.rate.add({ atMs: sample.atMs, value: rate, gathered: { min: rate, max: rate, count: forMs } });
      }
    }
    watched.add(sample);
  }

  /** The machine has booted: levels begin anew, what is usual at an hour stays. */
  boot(atMs: number): void {
    this.bootedAtMs = atMs;
    this.firstMs = atMs;
    this.streaks.clear();
    this.aging = false;
    for (const watched of this.series.values()) watched.boot();
  }

  /** Judges what has come so far. Call it every `judgeEveryMs`, after the samples of that time. */
  judge(nowMs: number): Verdict {
    this.forget(nowMs - historyMs(this.policy));
    const all = [...this.series.values()];
    const sinceMs = this.sinceMs();
    const isWarm = sinceMs !== null && nowMs >= sinceMs;
    const lasting = this.lasting([
      ...(isWarm
        ? findings({ all, rate: this.rate, load: this.load, bootedAtMs: this.bootedAtMs, sinceMs }, nowMs, this.policy)
        : []),
      ...deadSamplerFindings(all, nowMs, this.policy),
    ]);
    const evidence = lasting.filter(({ votes }) => votes > 0);
    const anomalies = lasting.filter(({ votes }) => votes === 0);
    const raised = this.vote(evidence, nowMs);
    const explanation = explain(this.aging, isWarm, evidence, anomalies, this.coolingMs(nowMs));
    return { atMs: nowMs, aging: this.aging, warm: isWarm, raised, evidence, anomalies, explanation };
  }

  /** The trend of a series since the boot, whether or not it matters; null before there is one. */
  trendOf(name: string, nowMs: number): Trend | null {
    const watched = this.series.get(name);
    const sinceMs = this.sinceMs();
    if (watched === undefined || sinceMs === null) return null;
    const startMs = Math.max(sinceMs, nowMs - this.policy.trend.longestMs);
    return trendSince(watched, this.load, startMs, nowMs, this.policy, false);
  }

  /** Series that nobody samples any more, so that new names for ever do not take memory for ever. */
  private forget(beforeMs: number): void {
    for (const [name, { lastMs }] of this.series) {
      if (lastMs < beforeMs) this.series.delete(name);
    }
  }

  /** When warm-up is over: of a boot that nobody has told, as of the first sample. */
  private sinceMs(): number | null {
    const startMs = this.bootedAtMs ?? this.firstMs;
    return startMs === null ? null : Math.ceil((startMs + this.policy.warmUpMs) / BUCKET_MS) * BUCKET_MS;
  }

  private lasting(found: readonly Evidence[]): Evidence[] {
    const streaks = new Map<string, number>();
    for (const { detector, series } of found) {
      const key = `${detector} ${series ?? ''}`;
      streaks.set(key, (this.streaks.get(key) ?? 0) + 1);
    }
    this.streaks = streaks;
    return found.filter(({ detector, series }) => (streaks.get(`${detector} ${series ?? ''}`) ?? 0) >= this.policy.confirmations);
  }

  /** True when an alarm begins. */
  private vote(evidence: readonly Evidence[], nowMs: number): boolean {
    const { votesNeeded, confirmations } = this.policy;
    const enough = votesOf(evidence) >= votesNeeded;
    this.quietFor = enough ? 0 : this.quietFor + 1;
    if (this.aging) {
      this.aging = this.quietFor < confirmations;
      return false;
    }
    if (!enough || this.coolingMs(nowMs) > 0) return false;
    this.aging = true;
    this.raisedAtMs = nowMs;
    return true;
  }

  private coolingMs(nowMs: number): number {
    return this.raisedAtMs + this.policy.cooldownMs - nowMs;
  }
}

/** Each detector has the votes of its best finding: three percentiles of one latency are no company for each other. */
function votesOf(evidence: readonly Evidence[]): number {
  const byDetector = new Map<string, number>();
  for (const { detector, votes } of evidence) byDetector.set(detector, Math.max(votes, byDetector.get(detector) ?? 0));
  return [...byDetector.values()].reduce((sum, votes) => sum + votes, 0);
}

function explain(
  aging: boolean,
  isWarm: boolean,
  evidence: readonly Evidence[],
  anomalies: readonly Evidence[],
  coolingMs: number,
): string {
  const texts = (some: readonly Evidence[]): string => some.map(({ text }) => text).join('; ');
  const also = anomalies.length === 0 ? '' : ` Besides: ${texts(anomalies)}.`;
  if (!isWarm) return `Warming up.${also}`;
  if (evidence.length === 0) return `Nothing speaks for aging.${also}`;
  if (aging) return `Aging: ${texts(evidence)}.${also}`;
  const why =
    coolingMs > 0 ? `the last alarm was less than the cooldown ago (${inTime(coolingMs)} are left)` : 'that alone is not enough';
  return `Not called aging, as ${why}: ${texts(evidence)}.${also}`;
}
