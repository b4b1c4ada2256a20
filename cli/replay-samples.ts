// When each detector would have fired over recorded samples, and why. Needs no server and no configuration.

import { readPolicy } from '../aging/read-policy.js';
import type { AgingPolicy } from '../aging/policy.js';
import { DEFAULT_POLICY } from '../aging/policy.js';
import { readRecording } from '../aging/recording.js';
import type { Change } from '../aging/replay.js';
import { replay } from '../aging/replay.js';
import { DETECTORS, inTime } from '../aging/verdict.js';
import type { OutputOptions } from './output.js';
import { print } from './output.js';

export interface ReplayOptions extends OutputOptions {
  policy?: string;
}

/** Throws what readRecording and readPolicy throw; what they read is judged whole before anything is printed. */
export async function replaySamples(file: string, options: ReplayOptions): Promise<void> {
  const policy = options.policy === undefined ? DEFAULT_POLICY : readPolicy(options.policy);
  const recording = await readRecording(file);
  const changes = [...replay(recording, policy)];
  for (const change of changes) print(options, lineOf(change), valueOf(change));
  const first = (detector: string): string | null =>
    timeOf(changes.find(({ change, evidence }) => change === 'found' && evidence?.detector === detector)?.atMs);
  const alarms = changes.filter(({ change }) => change === 'alarm').length;
  const [from, to] = [recording[0]?.atMs, recording.at(-1)?.atMs];
  const firstFound = Object.fromEntries(DETECTORS.map((detector) => [detector, first(detector)]));
  const tooShort = whyTooShort((to ?? 0) - (from ?? 0), policy);
  const summary = [
    `${recording.length === 1 ? '1 sample' : `${recording.length} samples`} over ${inTime((to ?? 0) - (from ?? 0))}, ${alarms === 1 ? 'an alarm' : `${alarms} alarms`}; found first:`,
    ...DETECTORS.map((detector) => `  ${detector.padEnd(12)} ${firstFound[detector] ?? 'never'}`),
    ...(tooShort === null ? [] : [tooShort]),
  ].join('\n');
  print(options, summary, { samples: recording.length, from: timeOf(from), to: timeOf(to), alarms, firstFound, tooShort });
}

/** Of a recording in which most detectors cannot have spoken: what they need. Null of a longer one. */
function whyTooShort(lengthMs: number, { warmUpMs, judgeEveryMs, confirmations, trend, baseline }: AgingPolicy): string | null {
  const confirmedMs = confirmations * judgeEveryMs;
  if (lengthMs >= warmUpMs + trend.minSpanMs + confirmedMs) return null;
  return [
    `Too short to tell that nothing ages: samples of the first ${inTime(warmUpMs)} after a boot, or of the recording, are discarded;`,
    `then a trend takes ${inTime(trend.minSpanMs)} of them, what is usual at an hour ${baseline.minDays} days,`,
    `and whatever is found counts after ${inTime(confirmedMs)}.`,
  ].join(' ');
}

function lineOf({ atMs, change, evidence, text }: Change): string {
  const what = evidence === null ? change : evidence.detector;
  return `${timeOf(atMs)}  ${what.padEnd(12)} ${text}`;
}

function valueOf({ atMs, change, evidence, text }: Change): unknown {
  const { detector = null, series = null, votes = null, values = null, timeToExhaustionMs = null } = evidence ?? {};
  return { at: timeOf(atMs), change, detector, series, votes, values, timeToExhaustionMs, text };
}

function timeOf<Ms extends number | undefined>(atMs: Ms): Ms extends number ? string : string | null;
function timeOf(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}
