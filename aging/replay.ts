// Takes a recording through detection as if it happened now, and tells what changes when.

import type { AgingPolicy } from './policy.js';
import type { Recorded } from './recording.js';
import type { Evidence } from './verdict.js';
import { AgingWatch } from './watch.js';

export interface Change {
  atMs: number;
  /** found, gone: a detector has something lasting to say, or no more. alarm: together they call it aging. calm: no more. boot: as recorded. */
  change: 'found' | 'gone' | 'alarm' | 'calm' | 'boot';
  evidence: Evidence | null;
  text: string;
}

/** In order of time, at each judgement; up to one after the last sample. */
export function* replay(recording: readonly Recorded[], policy: AgingPolicy): Generator<Change> {
  const watch = new AgingWatch(policy);
  const stepMs = policy.judgeEveryMs;
  let nowMs = (Math.floor((recording[0]?.atMs ?? 0) / stepMs) + 1) * stepMs;
  let found = new Map<string, Evidence>();
  let aging = false;
  const judge = function* (): Generator<Change> {
    const verdict = watch.judge(nowMs);
    const now = new Map([...verdict.evidence, ...verdict.anomalies].map((evidence) => [keyOf(evidence), evidence]));
    for (const [key, evidence] of now) {
      if (!found.has(key)) yield { atMs: nowMs, change: 'found', evidence, text: evidence.text };
    }
    for (const [key, evidence] of found) {
      if (!now.has(key)) yield { atMs: nowMs, change: 'gone', evidence, text: `no more: ${keyOf(evidence)}` };
    }
    if (verdict.aging !== aging) {
      yield { atMs: nowMs, change: verdict.aging ? 'alarm' : 'calm', evidence: null, text: verdict.explanation };
    }
    found = now;
    aging = verdict.aging;
    nowMs += stepMs;
  };
  for (const { series, ...sample } of recording) {
    while (sample.atMs >= nowMs) yield* judge();
    if (series !== null) {
      watch.observe(series, sample);
      continue;
    }
    watch.boot(sample.atMs);
    aging = false;
    found = new Map();
    yield { atMs: sample.atMs, change: 'boot', evidence: null, text: 'the machine has booted' };
  }
  yield* judge();
}

function keyOf({ detector, series }: Evidence): string {
  return series === null ? detector : `${detector} of ${series}`;
}
