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

/** Of a column of figures. Chosen. */
const LEAST_WIDTH = 18;

const ROWS: readonly (readonly [string, (report: WindowReport, before: WindowReport) => string])[] = [
  ['requests', (report) => String(report.requests)],
  ['failed', (report) => String(report.failed)],
  ['sessions lost', (report) => String(report.sessionsLost)],
  ['updates lost', (report) => String(report.updatesLost)],
  ['longest wait', (report) => `${report.longestWaitMs} ms`],
  ['p50 before / during', (report, before) => `${before.p50Ms} / ${report.p50Ms} ms`],
  ['p99 before / during', (report, before) => `${before.p99Ms} / ${report.p99Ms} ms`],
];

/** Columns are as wide as what stands in them. */
export function renderComparison({ plain, clean, beforePlain, beforeClean, result }: Comparison): string {
  const rows = [
    ['', 'plain restart', 'clean restart'] as const,
    ...ROWS.map(([label, show]) => [label, show(plain, beforePlain), show(clean, beforeClean)] as const),
  ];
  const steps = result.steps.map(({ name, ms }) => [name, `${ms ?? '-'} ms`] as const);
  const left = widthOf([...rows, ...steps].map(([, cell]) => cell));
  const right = widthOf(rows.map(([, , cell]) => cell));
  return [
    ...rows.map(([label, one, other]) => `  ${label.padEnd(22)}${one.padStart(left)}${other.padStart(right)}`),
    '',
    '  The clean restart, step by step',
    ...steps.map(([name, time]) => `  ${name.padEnd(22)}${time.padStart(left)}`),
    '',
    `  ${result.sessionsMoved} sessions moved from ${result.from} to ${result.to}; requests held: p50 ${result.holdMs.p50} ms, p99 ${result.holdMs.p99} ms, longest ${result.holdMs.max} ms`,
  ].join('\n');
}

/** With what keeps it apart from the column before it. */
function widthOf(cells: readonly string[]): number {
  return Math.max(LEAST_WIDTH, ...cells.map((cell) => cell.length + 2));
}
