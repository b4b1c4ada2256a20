// One measurement of a proxy by wrk, with the CPU time that the proxy took for it.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { residentMiB } from './resident-memory.js';

/** Clock ticks per second of /proc; Linux fixes it at 100 for user space. */
const TICKS_PER_SECOND = 100;

export interface Sample {
  requestsPerSecond: number;
  cpuMicrosPerRequest: number;
  /** Resident memory at the end of the load. */
  memoryMiB: number;
  p99Ms: number;
  /** Answers other than 2xx and 3xx, and connections that failed. */
  failed: number;
}

export async function measure({ url, pid }: { url: string; pid: number }, seconds: number): Promise<Sample> {
  const before = cpuSeconds(pid);
  const load = ['-t1', '-c64', `-d${seconds}s`, '--latency', '-H', 'Cookie: JSESSIONID=0123456789ABCDEF'];
  const { stdout } = await promisify(execFile)('taskset', ['-c', '1', 'wrk', ...load, url]);
  return { ...readWrk(stdout, cpuSeconds(pid) - before), memoryMiB: residentMiB(pid) };
}

/** What wrk has printed, as figures. */
export function readWrk(printed: string, cpuSecondsTaken: number): Omit<Sample, 'memoryMiB'> {
  const requests = Number(/(\d+) requests in/.exec(printed)?.[1] ?? 0);
  const [, p99 = '0', unit = 'ms'] = /99%\s+([\d.]+)(us|ms|s)/.exec(printed) ?? [];
  const [, ...socketErrors] = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(printed) ?? [];
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(printed)?.[1] ?? 0);
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(printed)?.[1] ?? 0),
    cpuMicrosPerRequest: (cpuSecondsTaken / requests) * 1e6,
    p99Ms: Number(p99) * { us: 0.001, ms: 1, s: 1000 }[unit as 'us' | 'ms' | 's'],
    failed: socketErrors.reduce((sum, count) => sum + Number(count), refused),
  };
}

/** User and system time (proc(5), fields 14 and 15). */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
