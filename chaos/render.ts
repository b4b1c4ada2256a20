// The runs as a table in Markdown: a line for each fault and step.

import { readFile, writeFile } from 'node:fs/promises';
import { quantile } from '../activities/quantile.js';
import type { Fault } from './fault.js';
import type { Procedure } from './procedure.js';
import { procedureOf } from './procedure.js';
import type { FaultRun } from './run-fault.js';

const DOCUMENT = new URL(import.meta.url.includes('/dist/') ? '../../docs/faults.md' : '../docs/faults.md', import.meta.url);
/** Of each kind the place in it. */
const MARKERS: Record<Procedure, string> = { restart: 'chaos', 'fail-over': 'chaos:fail-over' };

const HEAD = [
  'fault',
  'step',
  'points',
  'proxies',
  'runs',
  'failed requests',
  'sessions lost',
  'updates lost',
  'lost with a machine',
  'goes on after (median)',
  'ended',
];

export function render(runs: readonly FaultRun[]): string {
  const groups = new Map<string, FaultRun[]>();
  for (const run of runs) {
    const key = `${run.fault} ${run.step} ${run.proxies}`;
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const rows = [...groups.values()].map(lineOf);
  const wrong = runs.flatMap(({ fault, step, point, wrong: found }) =>
    found.map((line) => `- ${fault} ${point} ${step}: ${line}`),
  );
  return [table([HEAD, HEAD.map(() => '---'), ...rows]), ...(wrong.length > 0 ? ['', 'Wrong:', '', ...wrong] : [])].join('\n');
}

/** What each fault is that there is in this kind, and what may come of it. */
export function describe(faults: readonly Fault[], of: Procedure): string {
  return faults
    .filter(({ steps }) => steps.some((step) => procedureOf(step) === of))
    .map(({ name, what, mayFail, mayLose }) => {
      const failed = mayFail === undefined ? '' : ` May fail: ${mayFail}.`;
      const lost = mayLose === undefined ? '' : ` May be lost: ${mayLose}.`;
      return `- \`${name}\`: ${what}.${failed}${lost}`;
    })
    .join('\n');
}

/** Puts text into the documentation, between the markers that are there for this kind. */
export async function writeIntoDocumentation(text: string, of: Procedure): Promise<void> {
  const document = await readFile(DOCUMENT, 'utf8');
  const [begin, end] = [`<!-- ${MARKERS[of]} -->`, `<!-- /${MARKERS[of]} -->`];
  const [before, after] = [document.indexOf(begin), document.indexOf(end)];
  if (before < 0 || after < before) throw new Error('docs/faults.md has no place for the table.');
  await writeFile(DOCUMENT, `${document.slice(0, before)}${begin}\n\n${text}\n\n${document.slice(after)}`);
}

function lineOf(runs: readonly FaultRun[]): string[] {
  const [first] = runs as [FaultRun];
  const sum = (of: (run: FaultRun) => number): number => runs.reduce((total, run) => total + of(run), 0);
  const [sessions, updates] = [sum(({ seen }) => seen.sessionsLost), sum(({ seen }) => seen.updatesLost)];
  const isExcused = first.mayLose !== null;
  const times = runs.flatMap(({ goOnMs }) => goOnMs ?? []).sort((a, b) => a - b);
  return [
    ...[first.fault, first.step, runs.map(({ point }) => point).join(', '), String(first.proxies), String(runs.length)],
    ...[sum(({ seen }) => seen.failed), isExcused ? 0 : sessions, isExcused ? 0 : updates].map(String),
    isExcused ? `${sessions} sessions, ${updates} updates: ${first.mayLose}` : '-',
    times.length === 0 ? '-' : `${(quantile(times, 0.5) / 1000).toFixed(1)} s`,
    [...new Set(runs.map(endOf))].join('; '),
  ];
}

function endOf({ reached, outcome, decisions }: FaultRun): string {
  if (!reached) return 'not reached';
  return decisions === 0 ? outcome : `${outcome} after retry`;
}

function table(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}
