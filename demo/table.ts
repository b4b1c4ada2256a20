// The demo's result as a table.

import type { WindowReport } from './load/report.js';
import type { CleanRestartResult } from '../workflows/clean-restart.js';

export interface Comparison {
  plain: WindowReport;
  clean: WindowReport;
  beforePlain: WindowReport;
  beforeClean: WindowReport;
  result: CleanRestartResult;
}

const ROWS: readonly (readonly [string, (report: WindowReport, before: WindowReport) => string])[] = [
  ['requests', (report) => String(report.requests)],
  ['failed', (report) => String(report.failed)],
  ['sessions lost', (report) => String(report.sessionsLost)],
  ['updates lost', (report) => String(report.updatesLost)],
  ['longest wait', (report) => `${report.longestWaitMs} ms`],
  ['p50 before / during', (report, before) => `${before.p50Ms} / ${report.p50Ms} ms`],
  ['p99 before / during', (report, before) => `${before.p99Ms} / ${report.p99Ms} ms`],
];

export function renderComparison({ plain, clean, beforePlain, beforeClean, result }: Comparison): string {
  const line = (label: string, left: string, right: string): string =>
    `  ${label.padEnd(22)}${left.padStart(18)}${right.padStart(18)}`;
  return [
    line('', 'plain restart', 'clean restart'),
    ...ROWS.map(([label, show]) => line(label, show(plain, beforePlain), show(clean, beforeClean))),
    '',
    '  The clean restart, step by step',
    ...result.steps.map(({ name, ms }) => `  ${name.padEnd(22)}${`${ms ?? '-'} ms`.padStart(18)}`),
    '',
    `  ${result.sessionsMoved} sessions moved from ${result.from} to ${result.to}; requests held: p50 ${result.holdMs.p50} ms, p99 ${result.holdMs.p99} ms, longest ${result.holdMs.max} ms`,
  ].join('\n');
}
