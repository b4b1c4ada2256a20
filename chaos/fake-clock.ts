// A process whose clock can be made to jump, by libfaketime: its wall clock only, as when an administrator or NTP sets it.

import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

/** Debian's package faketime. */
const LIBRARIES = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`);
const library = LIBRARIES.find((path) => existsSync(path));

export function isClockFakeable(): boolean {
  return library !== undefined;
}

/** Environment of a process whose clock is as far off as `file` says. */
export function fakeClock(file: string): Record<string, string> {
  return {
    LD_PRELOAD: library ?? '',
    FAKETIME_TIMESTAMP_FILE: file,
    // Read at each look at the clock.
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

/** From now on the clock is so many seconds ahead, or behind when negative. */
export function turnClock(file: string, offsetS: number): Promise<void> {
  return writeFile(file, `${offsetS < 0 ? '-' : '+'}${Math.abs(offsetS)}`);
}
