// The result of a demo with a leak: the series that shows it, what detection has said, and what the users saw.

import { plot } from './plot.js';
import type { LeakRun } from './run-leak.js';
import { levelOf } from './run-leak.js';

const WIDTH = 72;
const HEIGHT = 14;

export function renderLeak({ leak, report, evidence, result, samples, restartedAtMs }: LeakRun): string {
  const last = samples.findLast(({ atMs }) => atMs < restartedAtMs);
  const after = samples.at(-1);
  const limit = last?.limit ?? null;
  const hours = ((samples.at(-1)?.atMs ?? 0) - (samples[0]?.atMs ?? 0)) / 3_600_000;
  const figures: [string, string][] = [
    ['requests', String(report.requests)],
    ['failed', String(report.failed)],
    ['sessions lost', String(report.sessionsLost)],
    ['updates lost', String(report.updatesLost)],
    ['longest wait', `${report.longestWaitMs} ms`],
  ];
  return [
    `  ${last?.series ?? leak} over ${hours.toFixed(1)} hours of detection's clock; | is the restart${limit === null ? '' : ', - the limit'}`,
    '',
    ...plot({ points: samples, marks: [{ atMs: restartedAtMs, sign: '|' }], limit, width: WIDTH, height: HEIGHT }),
    '',
    `  Detection: ${evidence}`,
    ...(last === undefined ? [] : [`  Just before the restart: ${levelOf(last)}`]),
    `  At the end, after it:    ${after === undefined || after.atMs < restartedAtMs ? 'not measured yet' : levelOf(after)}`,
    '',
    ...figures.map(([name, value]) => `  ${name.padEnd(22)}${value.padStart(18)}`),
    ...result.steps.map(({ name, ms }) => `  ${name.padEnd(22)}${`${ms ?? '-'} ms`.padStart(18)}`),
    '',
    `  ${result.sessionsMoved} sessions moved from ${result.from} to ${result.to}`,
  ].join('\n');
}
