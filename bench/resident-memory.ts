// How much memory a process has.

import { readFileSync } from 'node:fs';

/** proc(5), VmRSS; the kernel's kB are KiB. */
export function residentMiB(pid: number): number {
  const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}
