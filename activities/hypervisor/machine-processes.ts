// What a machine that is a local process consists of: the process group that its first process leads, and what has left it. PHP-FPM, for one,
// takes a session of its own.

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { codeOf } from '../../config/error-code.js';
import { OperatorError } from '../../config/operator-error.js';
import type { RunningProcess } from '../../state/process-identity.js';
import { runningProcesses, startTimeOf } from '../../state/process-identity.js';

/** In the environment of all that a machine has started, with the path of its state file: what tells them when their first process has ended. */
const MARK = 'VM_REJUV_MACHINE';

export function markOf(stateFile: string): Record<string, string> {
  return { [MARK]: stateFile };
}

/** Processes of the group of a first process that runs, and what those have started. */
export function processesOf(group: number): RunningProcess[] {
  return withDescendants(({ pid, group: own }) => pid === group || own === group);
}

/** What a first process has left behind: its pid may be another's by now, and so may its group. */
export function leftBehind(stateFile: string): RunningProcess[] {
  const mark = `${MARK}=${stateFile}`;
  return withDescendants(({ pid }) => environmentOf(pid).includes(mark));
}

/**
 * Of `known` those that still run, with what they have started meanwhile and the rest of `group`, which somebody led a moment ago. What has left
 * that is nobody's once its parent has ended.
 */
export function stillRunning(known: readonly RunningProcess[], group: number | null): RunningProcess[] {
  const before = new Map(known.map(({ pid, startTime }) => [pid, startTime]));
  return withDescendants(({ pid, startTime, group: own }) => own === group || before.get(pid) === startTime);
}

/**
 * To the group at once, so that it misses none that is being started, and to each outside that still is the process that was found. `group` is
 * null where nobody leads it.
 */
export function signalAll(group: number | null, processes: readonly RunningProcess[], signal: NodeJS.Signals): void {
  if (group !== null && processes.some((process) => process.group === group)) send(-group, signal);
  for (const process of processes) {
    if (process.group !== group && startTimeOf(process.pid) === process.startTime) send(process.pid, signal);
  }
}

/** What processes occupy, each with its share of what is mapped by several (proc(5), smaps_rollup); null where nobody tells. */
export async function memoryBytesOf(processes: readonly RunningProcess[]): Promise<number | null> {
  // The kernel goes through all pages for that, which takes its time for a large heap: this thread may be a proxy's.
  const texts = processes.map(({ pid }) => readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => ''));
  const kibibytes = (await Promise.all(texts)).map((text) => Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0));
  const sum = kibibytes.reduce((total, one) => total + one, 0);
  return sum === 0 ? null : sum * 1024;
}

function withDescendants(isRoot: (process: RunningProcess) => boolean): RunningProcess[] {
  // A machine's script may have started the very worker that is to end it.
  const all = runningProcesses().filter(({ pid }) => pid !== process.pid);
  const found = new Set(all.filter(isRoot));
  const pids = new Set([...found].map(({ pid }) => pid));
  for (let grown = true; grown;) {
    const more = all.filter((each) => pids.has(each.parent) && !found.has(each));
    for (const each of more) {
      found.add(each);
      pids.add(each.pid);
    }
    grown = more.length > 0;
  }
  return [...found];
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function send(to: number, signal: NodeJS.Signals): void {
  try {
    process.kill(to, signal);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return;
    throw new OperatorError(
      'HYPERVISOR_FAILED',
      `Process ${Math.abs(to)} of the machine may not be ended by this account (${codeOf(error)}).`,
      'Run this as the account that has started the machine.',
      { cause: error },
    );
  }
}
