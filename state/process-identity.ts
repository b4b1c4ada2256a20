// What proves that a process still lives, to whoever runs on the same host.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

export interface ProcessIdentity {
  /**
   * Host name, boot id and pid namespace: after a reboot of the host every earlier process is gone, and in another container the same
   * pid is another process.
   */
  host: string;
  pid: number;
  startTime: string;
}

export function currentProcess(): ProcessIdentity {
  return { host: currentHost(), pid: process.pid, startTime: startTimeOf(process.pid) ?? 'unknown' };
}

/** Whether an identity is of this host since its last boot, of whatever container. */
export function isOfThisHost({ host }: ProcessIdentity): boolean {
  const machine = (text: string): string => text.split('/').slice(0, 2).join('/');
  return machine(host) === machine(currentHost());
}

/** True only with proof: the process ran on this host, and its pid is free or belongs to a process that started at another time. */
export function isProvedDead(identity: ProcessIdentity): boolean {
  if (identity.host !== currentHost() || identity.startTime === 'unknown') return false;
  return startTimeOf(identity.pid) !== identity.startTime;
}

/** True only with proof: the process runs on this host. */
export function isProvedAlive(identity: ProcessIdentity): boolean {
  return identity.host === currentHost() && startTimeOf(identity.pid) === identity.startTime;
}

/** Start time in clock ticks since boot (proc(5), field 22), or null when there is no such process or it is a zombie. */
export function startTimeOf(pid: number): string | null {
  return processOf(pid)?.startTime ?? null;
}

/** Whether any process of a group still runs. */
export function groupRuns(group: number): boolean {
  return processesOf(group).length > 0;
}

/** What the processes of a group occupy, each with its share of what is mapped by several (proc(5), smaps_rollup); null where nobody tells. */
export async function groupMemoryBytes(group: number): Promise<number | null> {
  // The kernel goes through all pages for that, which takes its time for a large heap: this thread may be a proxy's.
  const texts = processesOf(group).map((pid) => readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => ''));
  const kibibytes = (await Promise.all(texts)).map((text) => Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0));
  const sum = kibibytes.reduce((total, one) => total + one, 0);
  return sum === 0 ? null : sum * 1024;
}

function processesOf(group: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => processOf(pid)?.group === group);
}

function processOf(pid: number): { group: number; startTime: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in field 2 may hold anything, so count from its closing parenthesis.
    const [state, , group, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const startTime = rest[16];
    return state === 'Z' || state === 'X' || startTime === undefined ? null : { group: Number(group), startTime };
  } catch {
    return null;
  }
}

function currentHost(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${hostname()}/${boot}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    // Without /proc nothing can be proved; startTime is 'unknown' there as well.
    return hostname();
  }
}
