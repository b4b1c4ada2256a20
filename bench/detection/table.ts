// What was measured, as a table.

import { median } from '../../aging/detectors/robust.js';
import type { Cost, Times } from './cost.js';
import type { AilingRow, LeakRow, SteadyRow } from './measure.js';
import { DETECTORS, OURS } from './measure.js';

export interface Measured {
  steady: SteadyRow[];
  leaks: LeakRow[];
  /** What users see: of servers that are well, and of those that are not. */
  well: SteadyRow[];
  ailing: AilingRow[];
  cost: Cost | null;
}

export function tableOf({ steady, leaks, well, ailing, cost }: Measured): string {
  const parts = [
    ...(leaks.length > 0 ? resources(steady, leaks) : []),
    ...(ailing.length > 0 ? users(well, ailing) : []),
    ...(cost === null ? [] : costs(cost)),
  ];
  return parts.join('\n').trim();
}

function resources(steady: readonly SteadyRow[], leaks: readonly LeakRow[]): string[] {
  const all = sum(leaks.map((row) => row.leaks));
  return [
    ...falseAlarms('false alarms a week', steady),
    '',
    `leaks with 20 % of life left (${all} leaks)`,
    ...leaks.map((row) => line(`  ${row.name}`, (one) => `${row.caught[one] ?? 0} of ${row.leaks}`)),
    '',
    'life left at the alarm, median',
    ...leaks.map((row) => line(`  ${row.name}`, (one) => percent(row.lifeLeft[one] ?? 0))),
    '',
    'error of the predicted time at half-life, median (the others predict none)',
    ...leaks.map((row) => `${`  ${row.name}`.padEnd(34)}${percent(row.medianError).padStart(20)}`),
    `${'  all whose load is known'.padEnd(34)}${percent(medianError(leaks)).padStart(20)}`,
    '',
  ];
}

function users(well: readonly SteadyRow[], ailing: readonly AilingRow[]): string[] {
  const servers = sum(ailing.map((row) => row.servers));
  return [
    ...falseAlarms('the same of what users see', well),
    '',
    `ailing servers with 20 % of their time left (${servers} servers)`,
    ...ailing.map((row) => line(`  ${row.name}`, (one) => `${row.caught[one] ?? 0} of ${row.servers}`)),
    '',
    'the same, told at least, alarm or not',
    ...ailing.map((row) => `${`  ${row.name}`.padEnd(34)}${`${row.told} of ${row.servers}`.padStart(20)}`),
    '',
    'time left at the alarm, median',
    ...ailing.map((row) => line(`  ${row.name}`, (one) => percent(row.lifeLeft[one] ?? 0))),
    '',
  ];
}

function costs({ minuteMs, judgementMs, restoreMs }: Cost): string[] {
  const row = (name: string, value: string): string => `${`  ${name}`.padEnd(34)}${value.padStart(20)}`;
  const times = ({ median, most }: Times): string => `${median.toFixed(1)} (most: ${most.toFixed(0)}) ms`;
  return [
    'processor time, ten series after a month',
    row('the samples of a minute', `${minuteMs.toFixed(3)} ms`),
    row('a judgement', times(judgementMs.steady)),
    row('a judgement, all resources leak', times(judgementMs.leaking)),
    row('to restore a watch', `${restoreMs.toFixed(0)} ms`),
  ];
}

/** The share of leaks whose load is known that are told in time. */
export function caughtShare(leaks: readonly LeakRow[]): number {
  const goal = leaks.filter(({ isGoal }) => isGoal);
  return sum(goal.map(({ caught }) => caught[OURS] ?? 0)) / sum(goal.map((row) => row.leaks));
}

export function medianError(leaks: readonly LeakRow[]): number {
  return median(leaks.filter(({ isGoal }) => isGoal).flatMap(({ errors }) => errors.map((error) => error ?? Infinity)));
}

function falseAlarms(title: string, rows: readonly SteadyRow[]): string[] {
  const weeks = sum(rows.map((row) => row.weeks));
  const count = (row: SteadyRow, detector: string): number => row.falseAlarms[detector] ?? 0;
  return [
    line(`${title} (${weeks} weeks)`, (detector) => `  ${detector}`),
    ...rows.map((row) => line(`  ${row.name}`, (one) => perWeek(count(row, one), row.weeks))),
    line('  all', (one) => perWeek(sum(rows.map((row) => count(row, one))), weeks)),
  ];
}

function line(name: string, cell: (detector: string) => string): string {
  return `${name.padEnd(34)}${DETECTORS.map((detector) => cell(detector).padStart(20)).join('')}`;
}

function perWeek(count: number, weeks: number): string {
  return count === 0 ? '0' : (count / weeks).toFixed(2);
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}
