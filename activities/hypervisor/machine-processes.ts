// What a machine that is a local process consists of: the process group that its first process leads, and what has left it. PHP-FPM, for one,
// takes a session of its own.

import { readFile } from 'node:fs/promises';
import { codeOf } from '../../config/error-code.js';
import type { RunningProcess } from '../../state/process-identity.js';
import { runningProcesses, startTimeOf } from '../../state/process-identity.js';

/**
 * Processes of the group, and what those have started, wherever that is. What has left the group is nobody's once its parent has ended, so
 * `known`, which was found earlier, counts as long as it runs.
 */
export function machineProcesses(group: number, known: readonly RunningProcess[] = []): RunningProcess[] {
  const all = runningProcesses();
  const before = new Map(known.map(({ pid, startTime }) => [pid, startTime]));
  const found = new Set(all.filter((process) => process.group === group || before.get(process.pid) === process.startTime));
  const pids = new Set([...found].map(({ pid }) => pid));
  for (let grown = true; grown;) {
    const more = all.filter((process) => pids.has(process.parent) && !found.has(process));
    for (const process of more) {
      found.add(process);
      pids.add(process.pid);
    }
    grown = more.length > 0;
  }
  return [...found];
}

/** To the group at once, so that it misses none that is being started, and to each outside that still is the process that was found. */
export function signalAll(group: number, processes: readonly RunningProcess[], signal: NodeJS.Signals): void {
  if (processes.some((process) => process.group === group)) send(-group, signal);
  for (const process of processes) {
    if (process.group !== group && startTimeOf(process.pid) === process.startTime) send(process.pid, signal);
  }
}

function send(to: number, signal: NodeJS.Signals): void {
  try {
    process.kill(to, signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
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
