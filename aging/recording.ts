// Reads recorded samples: CSV with one of the headers below, or JSON lines with these fields. docs/detection.md describes it.

import { readFile } from 'node:fs/promises';
import { text as whole } from 'node:stream/consumers';
import { codeOf } from '../config/error-code.js';
import { OperatorError } from '../config/operator-error.js';
import { DAY_MS } from './policy.js';
import type { Gathered, Sample, Series } from './series.js';
import { KIND_NAMES, kindOf, misfitOf, seriesOf } from './series.js';

/** Ordered by time; a boot has no series. */
export interface Recorded extends Sample {
  series: Series | null;
}

/** With the line that it stands on, from 0. */
type Row = Recorded & { index: number };

const HEADERS = ['at,series,value', 'at,series,value,limit', 'at,series,value,limit,min,max,count'];
export const BOOT = 'boot';
const AT = 'a time as of ISO 8601 with its zone, such as 2026-01-05T08:00:00Z, or milliseconds since 1970';
const ZONED = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;
/** Chosen: more is a mistake in a time. */
const LONGEST_DAYS = 400;
/** As seconds since 1970, from 2001 to 2286; as milliseconds, a few weeks of 1970, in which nobody has recorded anything. */
const SECONDS = [1e9, 1e10] as const;
/** As milliseconds the year 5138, as microseconds 1973. */
const MOST_MS = 1e14;

type Fields = Record<'at' | 'series' | 'value' | 'limit' | 'min' | 'max' | 'count', unknown>;

/** `-` is standard input. Throws RECORDING_UNREADABLE, or RECORDING_INVALID with file, line, what was found and what is allowed. */
export async function readRecording(file: string): Promise<Recorded[]> {
  const name = file === '-' ? 'standard input' : file;
  let text: string;
  try {
    text = file === '-' ? await whole(process.stdin) : await readFile(file, 'utf8');
  } catch (cause) {
    const remedy = 'Name a file of samples; docs/detection.md describes its form.';
    throw new OperatorError('RECORDING_UNREADABLE', `The recording ${name} cannot be read (${codeOf(cause)}).`, remedy, {
      cause,
    });
  }
  return parseRecording(text, name);
}

export function parseRecording(text: string, file: string): Recorded[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const first = lines.findIndex((line) => line.trim() !== '');
  const line = lines[first]?.trim() ?? '';
  const head = line.startsWith('{') ? line : cellsOf(line).join(',');
  const isJson = head.startsWith('{');
  if (!isJson && !HEADERS.includes(head)) {
    const found = head === '' ? 'nothing: the file is empty' : shown(head);
    throw invalid(file, Math.max(first, 0), found, `${HEADERS.join(' or ')} as the first line, or JSON lines`);
  }
  const limits = new Map<string, number>();
  const rows: Row[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || index < first || (!isJson && index === first)) continue;
    const fields = isJson ? ofJson(line, file, index) : ofCsv(line, head.split(',').length, file, index);
    rows.push({ ...sampleOf(fields, limits, (found, allowed) => invalid(file, index, found, allowed)), index });
  }
  rows.sort((one, other) => one.atMs - other.atMs);
  const refuse = (row: Row | undefined, found: string, allowed: string): OperatorError =>
    invalid(file, row?.index ?? Math.max(first, 0), found, allowed);
  refuseWrongUnits(rows, refuse);
  refuseTooFew(rows, refuse);
  return rows.map(({ atMs, value, gathered, series }) => ({ atMs, value, ...(gathered && { gathered }), series }));
}

type Refuse = (row: Row | undefined, found: string, allowed: string) => OperatorError;

/** Times that are plainly no milliseconds, all of them or some, by the first line that has one. */
function refuseWrongUnits(rows: readonly Row[], refuse: Refuse): void {
  const [earliest, latest] = [rows[0]?.atMs ?? 0, rows.at(-1)?.atMs ?? 0];
  const inOrder = [...rows].sort((one, other) => one.index - other.index);
  const tooLate = inOrder.find(({ atMs }) => atMs > MOST_MS);
  if (tooLate !== undefined) {
    throw refuse(tooLate, `at ${tooLate.atMs}, which looks like microseconds or nanoseconds`, 'milliseconds since 1970');
  }
  const isSeconds = ({ atMs }: Row): boolean => atMs >= SECONDS[0] && atMs < SECONDS[1];
  const seconds = inOrder.find(isSeconds);
  // A recording that counts from 0 on gets there as well, after days.
  if (seconds !== undefined && earliest >= SECONDS[0]) {
    const meant = new Date(seconds.atMs * 1000).toISOString();
    throw refuse(seconds, `at ${seconds.atMs}, which looks like seconds (${meant})`, 'milliseconds since 1970');
  }
  const days = (latest - earliest) / DAY_MS;
  if (days <= LONGEST_DAYS) return;
  throw refuse(
    rows[0],
    `samples over ${Math.round(days)} days from here, ${timeText(earliest)}, to line ${(rows.at(-1)?.index ?? 0) + 1}, ${timeText(latest)}`,
    `times within ${LONGEST_DAYS} days`,
  );
}

/** Of one moment nothing can be said. */
function refuseTooFew(rows: readonly Row[], refuse: Refuse): void {
  const samples = rows.filter(({ series }) => series !== null);
  const allowed = 'samples of several moments; one a minute is what detection is made for';
  const [one] = samples;
  if (one === undefined) throw refuse(undefined, 'no sample', allowed);
  if (samples.at(-1)?.atMs !== one.atMs) return;
  const found = samples.length === 1 ? '1 sample' : `${samples.length} samples of one moment`;
  throw refuse(one, found, allowed);
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString();
}

function ofCsv(line: string, columns: number, file: string, index: number): Fields {
  const cells = cellsOf(line);
  if (cells.length !== columns) throw invalid(file, index, `${cells.length} columns`, `${columns}, as in the first line`);
  const [at, series, ...figures] = cells;
  const [value, limit, min, max, count] = figures.map(numberIn);
  return { at, series, value, limit, min, max, count };
}

/** Cells may stand in double quotes, as spreadsheets write them; a comma or a quote inside is nothing that a recording has. */
function cellsOf(line: string): string[] {
  return line.split(',').map((cell) => cell.trim().replace(/^"([^"]*)"$/, '$1'));
}

/** What is no number is kept as it stands, to be shown. */
function numberIn(cell: string): unknown {
  if (cell === '') return undefined;
  return Number.isNaN(Number(cell)) ? cell : Number(cell);
}

function ofJson(line: string, file: string, index: number): Fields {
  const allowed = '{"at": ..., "series": ..., "value": ...} on one line';
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw invalid(file, index, shown(line), allowed);
  }
  if (typeof parsed !== 'object' || parsed === null) throw invalid(file, index, shown(line), allowed);
  const none = undefined;
  return { at: none, series: none, value: none, limit: none, min: none, max: none, count: none, ...parsed };
}

function sampleOf(
  { at, series: name, value, limit, ...rest }: Fields,
  limits: Map<string, number>,
  refuse: (found: string, allowed: string) => OperatorError,
): Recorded {
  const atMs = timeOf(at);
  if (atMs === null) throw refuse(`at ${shown(at)}`, AT);
  if (name === BOOT) return { atMs, value: 1, series: null };
  const kind = typeof name === 'string' ? kindOf(name) : null;
  if (typeof name !== 'string' || kind === null) {
    throw refuse(`series ${shown(name)}`, `${BOOT}, or a kind, alone or before a colon and a name: ${KIND_NAMES.join(', ')}`);
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) throw refuse(`value ${shown(value)}`, 'a number');
  const possible = misfitOf(kind, value);
  if (possible !== null) throw refuse(`value ${shown(value)} of ${name}`, possible);
  if (limit !== undefined && limit !== null) {
    if (typeof limit !== 'number' || !(limit > 0) || !Number.isFinite(limit))
      throw refuse(`limit ${shown(limit)}`, 'a number above 0');
    limits.set(name, limit);
  }
  const gathered = gatheredOf(rest, value, refuse);
  return { atMs, value, ...(gathered && { gathered }), series: seriesOf(name, kind, limits.get(name) ?? null) };
}

/** Undefined of one sample. */
function gatheredOf(
  { min, max, count }: Pick<Fields, 'min' | 'max' | 'count'>,
  value: number,
  refuse: (found: string, allowed: string) => OperatorError,
): Gathered | undefined {
  const all = [min, max, count];
  if (all.every((one) => one === undefined || one === null)) return undefined;
  const isWhole = typeof count === 'number' && Number.isInteger(count) && count >= 1;
  // Means are rounded.
  const slack = 1e-9 * Math.abs(value);
  if (isWhole && typeof min === 'number' && typeof max === 'number' && min <= value + slack && value - slack <= max) {
    return { min, max, count };
  }
  throw refuse(
    `min, max and count ${all.map(shown).join(', ')}`,
    'all three or none: the lowest and the highest of count samples, and value between them',
  );
}

function timeOf(at: unknown): number | null {
  if (typeof at === 'number') return Number.isFinite(at) && at >= 0 ? at : null;
  if (typeof at !== 'string') return null;
  if (/^\d+(\.\d+)?$/.test(at)) return Number(at);
  const atMs = ZONED.test(at) ? Date.parse(at) : NaN;
  return Number.isNaN(atMs) ? null : atMs;
}

function shown(value: unknown): string {
  // JSON has no word for these.
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function invalid(file: string, index: number, found: string, allowed: string): OperatorError {
  return new OperatorError(
    'RECORDING_INVALID',
    `${file}:${index + 1}: found ${found}, allowed: ${allowed}.`,
    'Correct the recording; docs/detection.md describes its form.',
  );
}
