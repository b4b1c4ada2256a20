// Makes a watch know again what it knew before its process ended, of the samples that somebody has kept.

import type { AgingPolicy } from './policy.js';
import { DEFAULT_POLICY } from './policy.js';
import type { Recorded } from './recording.js';
import { AgingWatch } from './watch.js';

/**
 * `kept` are the samples of the last `historyMs` in order of time, and the boots; the last boot even when it is longer ago, or age is not known.
 * Judges again for as long as a cooldown lasts, at the multiples of `judgeEveryMs`: an alarm of that time is not raised anew. What those judgements
 * say is not told, as it was told then.
 */
export function restoreWatch(kept: Iterable<Recorded>, nowMs: number, policy: AgingPolicy = DEFAULT_POLICY): AgingWatch {
  const { cooldownMs, confirmations, judgeEveryMs } = policy;
  const watch = new AgingWatch(policy);
  let judgeMs = Math.ceil((nowMs - cooldownMs - confirmations * judgeEveryMs) / judgeEveryMs) * judgeEveryMs;
  for (const { series, ...sample } of kept) {
    for (; judgeMs <= sample.atMs; judgeMs += judgeEveryMs) watch.judge(judgeMs);
    if (series === null) watch.boot(sample.atMs);
    else watch.observe(series, sample);
  }
  for (; judgeMs <= nowMs; judgeMs += judgeEveryMs) watch.judge(judgeMs);
  return watch;
}
