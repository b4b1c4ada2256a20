// What proves that a process still lives, to whoever runs on the same host.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
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

/** A process of this host. */
export interface RunningProcess {
  pid: number;
  parent: number;
  /** Its process group. */
  group: number;
  startTime: string;
}

/** All that run, zombies left out. */
export function runningProcesses(): RunningProcess[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => processOf(Number(pid)) ?? []);
}

function processOf(pid: number): RunningProcess | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in field 2 may hold anything, so count from its closing parenthesis.
    const [state, parent, group, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const startTime = rest[16];
    if (state === 'Z' || state === 'X' || startTime === undefined) return null;
    return { pid, parent: Number(parent), group: Number(group), startTime };
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
