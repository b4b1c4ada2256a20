// Makes a watch know again what it knew before its process ended, of the samples that somebody has kept.

import type { AgingPolicy } from './policy.js';
import { DEFAULT_POLICY } from './policy.js';
import type { Recorded } from './recording.js';
import { AgingWatch } from './watch.js';

/**
 * Takes the samples of the last `historyMs` in order of time, and the boots; the last boot even when it is longer ago, or age is not known.
 * Judges again for as long as a cooldown lasts, at the multiples of `judgeEveryMs`: an alarm of that time is not raised anew. What those
 * judgements say is not told, as it was told then. Both steps yield after each judgement, for whoever has something else to do meanwhile.
 */
export class WatchRestore {
  readonly watch: AgingWatch;
  private judgeMs: number;

  constructor(
    private readonly nowMs: number,
    private readonly policy: AgingPolicy = DEFAULT_POLICY,
  ) {
    const { cooldownMs, confirmations, judgeEveryMs } = policy;
    this.watch = new AgingWatch(policy);
    this.judgeMs = Math.ceil((nowMs - cooldownMs - confirmations * judgeEveryMs) / judgeEveryMs) * judgeEveryMs;
  }

  *take(kept: Iterable<Recorded>): Generator<void> {
    for (const { series, ...sample } of kept) {
      yield* this.judgeUntil(sample.atMs);
      if (series === null) this.watch.boot(sample.atMs);
      else this.watch.observe(series, sample);
    }
  }

  /** After the last sample. */
  *finish(): Generator<void> {
    yield* this.judgeUntil(this.nowMs);
  }

  private *judgeUntil(atMs: number): Generator<void> {
    for (; this.judgeMs <= atMs; this.judgeMs += this.policy.judgeEveryMs) {
      this.watch.judge(this.judgeMs);
      yield;
    }
  }
}

/** The same at once. */
export function restoreWatch(kept: Iterable<Recorded>, nowMs: number, policy: AgingPolicy = DEFAULT_POLICY): AgingWatch {
  const restore = new WatchRestore(nowMs, policy);
  for (const steps of [restore.take(kept), restore.finish()]) while (steps.next().done !== true);
  return restore.watch;
}
